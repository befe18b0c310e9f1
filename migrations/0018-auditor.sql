-- 核查 (E3): what the auditor found wrong in the rows, by when it was looked for, and whom it called because nobody else could.
create table finding (
  id bigint generated always as identity primary key,
  kind text not null, ref text not null,   -- what is wrong (core/findings.ts), and with what: `event 12`, `alert 7`, `worker`
  detail jsonb not null default '{}',      -- counts and times, never personal data
  found_at timestamptz not null default anling_now(), seen_at timestamptz not null default anling_now(), ended_at timestamptz
);
create unique index finding_one on finding (kind, ref) where ended_at is null;
create index finding_ended on finding (ended_at) where ended_at is not null;

create table auditor ( -- its one row: its own life, for those who watch the watcher
  one boolean primary key default true check (one),
  looked_at timestamptz,                   -- the last look that came to its end
  clean_at timestamptz,                    -- the last one that found nothing stuck
  raised text not null default '',         -- what the desk was told of; empty: of nothing
  raised_at timestamptz, event_id bigint,  -- and by which event
  outside_at timestamptz, outside_error text, outside text not null default 'unset' check (outside in ('unset', 'good', 'failing', 'held')) -- ANLING_DEADMAN_URL
);
insert into auditor default values;

create table audit_page ( -- calls of the auditor itself, past the worker: written before the gateway is asked
  id bigint generated always as identity primary key, at timestamptz not null default anling_now(),
  party text not null, out_id text not null unique, template text not null, why text not null,
  state text not null default 'sending' check (state in ('sending', 'accepted', 'failed', 'unknown')), code text, demo boolean not null
);
create index audit_page_at on audit_page (at);
