-- The village ring (村级响应圈, FEATURES 2.4): how far each responder walks, whether a key of the homes hangs there, and the hours
-- in which nothing but an emergency reaches the telephone. An emergency knows no quiet hours.
alter table responder
  add column walk_minutes smallint check (walk_minutes between 0 and 600),
  add column key_holder boolean not null default false,
  add column quiet_from time, add column quiet_to time,
  add constraint responder_quiet check ((quiet_from is null) = (quiet_to is null));
