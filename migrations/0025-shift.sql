-- The desk beside its cases (FEATURES D9): the shift log, hand-over by name, promised call-backs, pinned cases.
create table shift_entry ( -- 值班日志: a line by hand, or what happened at the desk; cases are read from their own rows
  id bigint generated always as identity primary key, at timestamptz not null default anling_now(), scope_code text not null,
  what text not null, by_id text not null, by_name text not null, detail jsonb not null default '{}', note_enc bytea
);
create index shift_entry_at on shift_entry (at);
create table handover ( -- 交接班: both sign, and both have counted the open cases
  id bigint generated always as identity primary key, scope_code text not null, from_id text not null, from_name text not null, open integer not null,
  detail jsonb not null default '{}', note_enc bytea, offered_at timestamptz not null default anling_now(),
  to_id text, to_name text, taken_at timestamptz, withdrawn_at timestamptz, check (to_id <> from_id), check ((to_id is null) = (taken_at is null))
);
create unique index handover_waiting on handover (from_id) where taken_at is null and withdrawn_at is null;
create table callback ( -- 回访: promised, reminded when it is due, done with a word
  id bigint generated always as identity primary key, alert_id bigint not null references alert, region_code text, due_at timestamptz not null, note_enc bytea,
  by_id text not null, by_name text not null, made_at timestamptz not null default anling_now(), done_at timestamptz, done_by text, done_name text
);
create index callback_waiting on callback (due_at) where done_at is null;
create index callback_alert on callback (alert_id);
create table pinned ( -- a case that every shift keeps in view, open or closed
  alert_id bigint primary key references alert, region_code text, at timestamptz not null default anling_now(), by_id text not null, by_name text not null
);
