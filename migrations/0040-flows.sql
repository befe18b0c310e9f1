-- Flows (自定规则, C11): how far each node has read its stream, how often they have called in their window, and what was done to them.
create table flow_cursor (
  node_id text not null check (node_id ~ '^[A-Za-z0-9._-]{1,64}$'), stream text not null check (stream in ('alerts', 'events')),
  epoch text not null default '', position bigint not null, behind bigint not null default 0, label text not null default '' check (length(label) <= 80),
  made_at timestamptz not null default anling_now(), asked_at timestamptz not null default anling_now(),
  primary key (stream, node_id)
);
create table flow_use (what text primary key, window_at timestamptz not null, used integer not null, refused bigint not null default 0);
create table flow_incident (
  id bigint generated always as identity primary key, at timestamptz not null default anling_now(),
  what text not null check (what in ('stuck', 'memory', 'flood', 'ended', 'unusable')), tab text, tab_name text, node text, node_name text, detail text not null default ''
);
create index flow_incident_at on flow_incident (at);
