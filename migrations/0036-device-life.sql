-- The life of a device (FEATURES F7): why one is refused for good, which one came after it, and where each has been. The doors go by `status` alone.

alter table device
  add column ended text check (ended in ('replaced', 'lost', 'retired')), -- counts only while the status is revoked; the program of before leaves it standing
  add column replaced_by text;                                            -- no reference: a restore brings devices back one by one

create table device_life ( -- written by the two triggers below, whoever changes the row
  id bigint generated always as identity primary key, device_id text not null references device on delete cascade, at timestamptz not null default anling_now(),
  life text not null, home_id text, person_id text, room text, replaced_by text,
  actor text                                                              -- as the audit has it; null: the house itself, or a program of before
);
create index device_life_device on device_life (device_id, id);
create index device_life_after on device_life (replaced_by) where replaced_by is not null;

insert into device_life (device_id, at, life, home_id, person_id, room) select id, registered_at, status, home_id, person_id, room from device order by no;

create function device_is_born() returns trigger language plpgsql as $$ begin
  insert into device_life (device_id, life, home_id, person_id, room, replaced_by, actor)
  select n.id, case when n.status = 'revoked' then coalesce(n.ended, n.status) else n.status end, n.home_id, n.person_id, n.room, n.replaced_by, nullif(current_setting('anling.actor', true), '') from made n;
  return null;
end $$;
create function device_lives_on() returns trigger language plpgsql as $$ begin
  insert into device_life (device_id, life, home_id, person_id, room, replaced_by, actor)
  select n.id, case when n.status = 'revoked' then coalesce(n.ended, n.status) else n.status end, n.home_id, n.person_id, n.room, n.replaced_by, nullif(current_setting('anling.actor', true), '')
  from is_now n join was w on w.id = n.id
  where (n.status, n.ended, n.home_id, n.person_id, n.room, n.replaced_by) is distinct from (w.status, w.ended, w.home_id, w.person_id, w.room, w.replaced_by);
  return null;
end $$;
create trigger device_is_born after insert on device referencing new table as made for each statement execute function device_is_born();
create trigger device_lives_on after update on device referencing old table as was new table as is_now for each statement execute function device_lives_on();
