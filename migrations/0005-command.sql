-- Commands downwards are rows, sent by the edge that holds the client: words to the elder, and what installers ask of a device.

alter table device_model add column voice boolean not null default false, add column led boolean not null default false;
update device_model set voice = true, led = true where type in ('sos-button', 'fall-radar', 'watch', 'gateway');

create table command (
  id bigint generated always as identity primary key,  -- `c<id>` on the wire
  device_id text not null references device on delete cascade, alert_id bigint references alert,
  name text not null check (name in ('test-call', 'led', 'voice', 'config', 'reboot')),
  say text,                                -- the word to the elder, for its recorded voice file: taken, coming, searching, over
  args_enc bytea not null,                 -- may hold what somebody typed
  -- due: for the edge that has the device; sent: under a lease; acknowledged: the device's PUBACK; replied, failed: its own answer, or none in all tries
  state text not null default 'due' check (state in ('due', 'sent', 'acknowledged', 'replied', 'failed', 'expired', 'withdrawn')),
  shown boolean not null default false,    -- a line of its case: the voice, or the light of what has no voice
  created_at timestamptz not null default anling_now(), created_by text not null, expires_at timestamptz not null,
  lease_until timestamptz, lease_token bigint not null default 0, attempts smallint not null default 0, edge text,
  acknowledged_at timestamptz, done_at timestamptz, reply_enc bytea, trace text not null
);
create index command_open on command (id) where state in ('due', 'sent');
create index command_open_device on command (device_id, id) where state in ('due', 'sent');
create index command_device on command (device_id, id desc);
create index command_alert on command (alert_id, id) where alert_id is not null;
