-- What the role standby did while the database was away, handed over before anything else goes on (ADR: the standby).
create table standby_case (
  key text primary key, alert_id bigint references alert, started_at timestamptz not null, body_enc bytea not null,
  handed_at timestamptz not null default anling_now(), merged_at timestamptz
);
-- The event that opened the case takes it over when it is evaluated; those that standby merged into it change nothing more.
create table standby_event (ingest_id uuid primary key, case_key text not null references standby_case on delete cascade, opens boolean not null);
create index standby_event_case on standby_event (case_key);
-- One row that standby writes to know that the database commits.
create table standby_mark (one boolean primary key default true check (one), at timestamptz not null);
insert into standby_mark (at) values (anling_now());
