-- Rule parameters (规则参数): a version is the whole of what the county has set, with who, when and why; the newest number holds. Nothing is changed or
-- deleted: going back is a new version that names the old one. No row: everything is as the house has it.
create table rule_version (
  no integer primary key check (no > 0), entries jsonb not null, back_to integer references rule_version,
  reason text not null, by_actor text not null, by_name text not null, at timestamptz not null default anling_now()
);
-- What the class declares by itself; the county's own value stands in grace_s, where everybody reads it.
alter table supervision_class add column own_grace_s integer;
-- What belongs to a home and no device (a telephone, the desk): a look for signs of movement reads no other row. No alarm is written while it is built: a house of many years does without.
do $$
begin
  if (select reltuples < 2000000 from pg_class where oid = 'event'::regclass) then
    create index event_home_said on event (home_id, received_at) where device_id is null;
  end if;
end $$;
