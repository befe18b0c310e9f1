-- One picture of a responder who is there (UI 3.4), sealed; the last one counts. `kept_ms`: so long it had waited on the telephone for a network.
create table alert_photo (
  alert_id bigint not null references alert on delete cascade, party text not null, at timestamptz not null default anling_now(), kept_ms bigint,
  type text not null check (type in ('image/jpeg', 'image/png', 'image/webp')), bytes integer not null, photo_enc bytea not null,
  primary key (alert_id, party)
);
create index alert_photo_at on alert_photo (at);
