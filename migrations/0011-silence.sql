-- When a device could not be heard (2.10): from its last sign of life to its next one. Written by the sweep; with an outage, the device
-- was only presumed unreachable (推断失联) in it. Pruned after limits.silenceDays.
create table silence (
  id bigint generated always as identity primary key, device_id text not null references device on delete cascade,
  outage_id bigint references outage,      -- presumed: it shared this outage and was not due yet
  from_at timestamptz not null, silent_at timestamptz not null, back_at timestamptz,
  away boolean not null default false      -- nobody was at home when it began
);
create unique index silence_one_open on silence (device_id, coalesce(outage_id, 0)) where back_at is null;
create index silence_span on silence using gist (tstzrange(from_at, back_at));
create index silence_back on silence (back_at);
insert into silence (device_id, from_at, silent_at) select device_id, least(coalesce(last_seen_at, silent_at), silent_at), silent_at from presence where silent_at is not null;
insert into silence (device_id, outage_id, from_at, silent_at) select x.device_id, x.outage_id, o.from_at, o.from_at from presumed x join outage o on o.id = x.outage_id where o.ended_at is null;
