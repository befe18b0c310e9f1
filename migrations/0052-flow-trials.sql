-- Trials of flows (自定规则, C10 C11): a tab driven with the last day's events in a process of its own that acts on nothing; and what flows did in truth, to be compared with.
create table flow_act (
  id bigint generated always as identity primary key, at timestamptz not null default anling_now(), flow text not null,
  what text not null check (what in ('raise', 'note', 'notify', 'command', 'request')), target text not null, said_enc bytea not null
);
create index flow_act_at on flow_act (at);
create table flow_trial (
  id bigint generated always as identity primary key, asked_at timestamptz not null default anling_now(), by text not null, tab text not null, tab_name text not null, drawn boolean not null,
  names text[] not null, -- what the tab is called, and was when it was deployed: what it did in truth stands under these
  state text not null default 'asked' check (state in ('asked', 'running', 'done')), started_at timestamptz, done_at timestamptz,
  flows_enc bytea, answer text not null, result_enc bytea
);
