-- An index entry per heartbeat is paid by every heartbeat: (device_no, received_at desc) cost 50 bytes a row, because each row of a device goes in front of all it has and pages
-- split in their middle. Equal device numbers share their entry: 8 bytes. A day has its own partition or chunk, and of that one device's rows are read whole.
drop index heartbeat_device;
create index heartbeat_device on heartbeat (device_no);
-- Vital signs are asked for by the hour (routine check, walk test): the time stays in it, the other way round, so that a page is full before the next one begins (28 bytes instead of 50).
drop index vital_device;
create index vital_device on vital (device_no, received_at);
