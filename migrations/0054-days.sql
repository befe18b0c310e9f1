-- What is left of telemetry when its rows are gone: a row per device and county day (UTC+8), and one per village and day of how its devices could be heard. Written once the day
-- is over, again when rows came late (store/rollup.ts). Plain tables on every edition, so that a backup carries them and the edition may change.
create table heartbeat_day (
  device_no integer not null, day date not null,
  last_at timestamptz not null,            -- its last heartbeat that day
  beats integer not null,
  rssi_mean real, rssi_worst smallint,     -- dBm, of what is below zero
  battery smallint,                        -- the last it said that day
  primary key (device_no, day)
);
create index heartbeat_day_day on heartbeat_day using brin (day) with (autosummarize = on); -- rows lie in the order of their days: what is too old is found without an entry a row
create table uptime_day (
  region_code text not null, day date not null,
  devices integer not null, never integer not null, silences integer not null,
  installed_ms bigint not null, silent_ms bigint not null, outage_ms bigint not null,
  heard integer not null, beats bigint not null, -- devices with a heartbeat, and all their heartbeats
  primary key (region_code, day)
);
create table day_rolled ( -- days that are done
  what text not null check (what in ('heartbeat', 'uptime')), day date not null, rows bigint not null, at timestamptz not null default anling_now(),
  primary key (what, day)
);
-- Days to which heartbeats came late (a spool's replay), written with them; a row each, so that nobody waits for whoever rolls the day up.
create table heartbeat_late (id bigint generated always as identity primary key, day date not null);
