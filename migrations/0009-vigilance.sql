-- 值守确认 (FIELD F3): proof of a human at the desk by night. The worker judges by these rows, whatever a console or the web role says.
alter table console add column input_at timestamptz; -- the last key or click of a human at this tab

create table vigilance ( -- one question to the desk: answered by any input after it, missed when none comes, void when nobody is logged in or the night is over
  id bigint generated always as identity primary key, asked_at timestamptz not null,
  input_at timestamptz not null,           -- the last input before it
  answered_at timestamptz, missed_at timestamptz, void_at timestamptz,
  rung_at timestamptz, rung_party text, out_id text -- whose phone rang because this one was missed, and the call in the outbox
);
create unique index vigilance_open on vigilance ((true)) where answered_at is null and missed_at is null and void_at is null;
