-- What a device should be (desired) and what it says it is (reported), setting by setting; sealed, because numbers to call are among them.
create table device_setting (
  device_id text not null references device on delete cascade, name text not null,
  desired_enc bytea, desired_at timestamptz, desired_by text, until_at timestamptz, -- told to the device again and again until then
  reported_enc bytea, reported_at timestamptz,
  agreed boolean not null default false, refused boolean not null default false,
  command_id bigint, again_at timestamptz,  -- the command that tells it; when it is told again if nothing came of that
  primary key (device_id, name)
);
create index device_setting_due on device_setting (again_at) where desired_enc is not null and not agreed and not refused;
