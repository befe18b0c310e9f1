-- Each state of the flows (自定规则, C11) as it was deployed: who, when, what it changed; the flows sealed, without their secrets.
create table flow_version (
  id bigint generated always as identity primary key, at timestamptz not null default anling_now(), by text not null,
  why text not null check (why in ('deploy', 'rollback', 'switched-off', 'found')), from_id bigint,
  tabs integer not null, nodes integer not null, change jsonb not null, digest bytea not null, flows_enc bytea not null
);
