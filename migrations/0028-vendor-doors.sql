-- Doors for the clouds of vendors (厂商接入): accounts, and which device of ours a vendor calls how (docs/decisions: vendors' doors).

create table vendor_door (
  name text primary key check (name ~ '^[a-z0-9][a-z0-9-]{0,39}$'), kind text not null, title text not null default '',
  secrets_enc bytea not null,                       -- JSON of the account's secrets, sealed
  settings jsonb not null default '{}', enabled boolean not null default true,
  last_at timestamptz, refused_at timestamptz, refused_why text, -- what the edges last saw of it
  version integer not null default 1, created_at timestamptz not null default anling_now(), changed_by text
);

alter table device add column door text references vendor_door, add column door_key text, add column door_secret_enc bytea;
alter table device add constraint device_door_whole check ((door is null) = (door_key is null)) not valid; -- rows of before have neither
create unique index device_door on device (door, door_key) where door is not null;

alter table unregistered add column door_key text;  -- what the vendor calls it: taken over when it is claimed

-- Rows of before hold what they held; the check is for new ones.
alter table event drop constraint event_source_check;
alter table event add constraint event_source_check check (source in ('mqtt', 'http', 'vendor', 'phone', 'wall', 'supervision', 'vitals', 'heartbeat', 'quarantine', 'replay')) not valid;
