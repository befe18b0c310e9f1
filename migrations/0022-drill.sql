-- 演练 (FEATURES 2.16): imagined alarms of real homes, told to the real people of the roster. They are no rows of `alert`: nothing that counts,
-- escalates, audits or shows alarms can meet them, and no alarm can wait for them.
create table drill (
  id bigint generated always as identity primary key, name text not null, kind text not null, region_code text not null references region,
  started_by text not null, started_at timestamptz not null default anling_now(), ended_at timestamptz, how text check (how in ('done', 'stopped', 'yielded')), ended_by text,
  demo boolean not null default false
);
create index drill_running on drill (id) where ended_at is null;
create table drill_case (
  id bigint generated always as identity primary key, drill_id bigint not null references drill on delete cascade,
  home_id text not null, region_code text not null references region, no smallint not null check (no between 10 and 99), plan jsonb not null,
  begins_at timestamptz not null, step smallint not null default 0, due_at timestamptz not null,
  state text not null default 'running' check (state in ('running', 'answered', 'nobody', 'stopped', 'yielded', 'late')),
  claimed_at timestamptz, claimed_by text, answered_at timestamptz, answered_by text, ended_at timestamptz, skipped jsonb not null default '[]',
  unique (drill_id, home_id)
);
create index drill_case_due on drill_case (due_at) where state = 'running';
create table drill_call ( -- one text or call of an imagined alarm, and what came back
  id bigint generated always as identity primary key, case_id bigint not null references drill_case on delete cascade,
  party text not null check (party like 'responder:%'), role text not null, phone_bidx bytea not null, step smallint not null, channel text not null, out_id text not null,
  sent_at timestamptz not null default anling_now(), answered_at timestamptz, verdict text check (verdict in ('answered', 'declined', 'taken')) -- taken: the call only
);
create index drill_call_case on drill_call (case_id);
-- By construction: a drill's message goes to somebody of the roster, of no alarm, behind all others, and never to a number of anybody's family.
create function outbox_drill_people() returns trigger language plpgsql as $$
begin
  if new.party not like 'responder:%' or new.alert_id is not null or new.priority < 3 or exists (select from contact where phone_bidx = new.to_bidx and relation = 'family') then
    raise exception 'a drill reaches people of the roster only' using errcode = '23514', constraint = 'outbox_drill_people';
  end if;
  return new;
end $$;
create trigger outbox_drill_people before insert on outbox for each row when (new.template in ('drill', 'voice-drill')) execute function outbox_drill_people();
