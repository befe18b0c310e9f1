-- Which edge holds a device's connection, when several edges serve one county (G4): a device that comes to another one is cut off where it was before.
create table device_session (
  device_id text primary key references device on delete cascade, edge text not null, since timestamptz not null,
  former text[] not null default '{}'      -- living edges that still have an older connection of it to end
) with (fillfactor = 70);
create index device_session_former on device_session (device_id) where former <> '{}';
