-- An index entry per heartbeat is paid by every heartbeat: (device_no, received_at desc) cost 50 bytes a row, because each row of a device goes in front of all it has and pages
-- split in their middle. Equal device numbers share their entry: 8 bytes. A day has its own partition or chunk, and of that one device's rows are read whole.
-- Vital signs are asked for by the hour (routine check, walk test): the time stays in it, the other way round, so that a page is full before the next one begins (28 bytes instead of 50).
-- A million rows take about half a second, in which no telemetry is written. A house that has more than twenty million keeps what it has: every query reads either, and what is new is
-- not worth an hour without heartbeats (docs/operations.md says how to change it by hand).
do $$
declare
  small constant boolean := (select coalesce(sum(c.reltuples), 0) < 20000000 from pg_inherits i join pg_class c on c.oid = i.inhrelid where i.inhparent in ('heartbeat'::regclass, 'vital'::regclass));
begin
  if small then
    drop index heartbeat_device;
    create index heartbeat_device on heartbeat (device_no);
    drop index vital_device;
    create index vital_device on vital (device_no, received_at);
  end if;
end $$;
