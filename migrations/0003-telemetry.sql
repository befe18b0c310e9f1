-- Heartbeats, vitals, positions: hypertables where TimescaleDB is, native daily partitions elsewhere
-- (store/telemetry-layout.ts makes the partitions and drops old ones).
do $$
declare
  heartbeat text := 'create table heartbeat (received_at timestamptz not null, device_time timestamptz, device_no integer not null, seq integer, battery smallint, rssi smallint, mains boolean, temp real, extra_enc bytea)';
  vital text := 'create table vital (received_at timestamptz not null, device_time timestamptz, device_no integer not null, heart_rate smallint, breath smallint, spo2 smallint, sbp smallint, dbp smallint, body_temp real, bed text, extra_enc bytea)';
begin
  if exists (select from pg_extension where extname = 'timescaledb') then
    execute heartbeat; execute vital;
    perform create_hypertable('heartbeat', 'received_at', chunk_time_interval => interval '1 day', create_default_indexes => false);
    perform create_hypertable('vital', 'received_at', chunk_time_interval => interval '1 day', create_default_indexes => false);
  else
    execute heartbeat || ' partition by range (received_at)';
    execute vital || ' partition by range (received_at)';
    execute 'create table heartbeat_rest partition of heartbeat default';
    execute 'create table vital_rest partition of vital default';
  end if;
end $$;
create index heartbeat_device on heartbeat (device_no, received_at desc);
create index vital_device on vital (device_no, received_at desc);
