-- 叫过多少次 (FEATURES 2.4): alarms that each responder was told of in the 30 whole days before this one, of them by night. Counted once a day, so that it stands still
-- while an alarm runs; the order of the ring is settled by it where nothing else tells two people apart.
create table responder_load (
  responder_id text primary key references responder on delete cascade, told integer not null, night integer not null, until_at timestamptz not null -- the midnight before which was counted
);
