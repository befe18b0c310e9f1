-- What vendors' clouds have heard, read beside their pushes (FEATURES 2.15): how far each account was compared, who reads it now, and what was missing day by day.

create table vendor_pull (
  door text primary key references vendor_door on delete cascade,
  cursor_at timestamptz,              -- by the vendor's clock: everything before it was compared
  behind jsonb not null default '{}', -- devices whose history could not be read yet: from when (ms)
  due_at timestamptz not null default anling_now(), lease_until timestamptz, lease_token bigint not null default 0, edge text, -- one edge reads; whoever lost the lease cannot move the cursor
  last_at timestamptz, ok_at timestamptz, failing_since timestamptz, why text, told_at timestamptz, -- told_at: a fault of the account stands at the desk
  skew_ms bigint                      -- the vendor's clock before ours, as last measured
);

create table vendor_gap (             -- the proof for the vendor: what it had and did not push, by the county's day
  door text not null references vendor_door on delete cascade, day date not null,
  rounds integer not null default 0, records bigint not null default 0, missing bigint not null default 0, filled bigint not null default 0, alarms bigint not null default 0,
  oldest_ms bigint not null default 0, -- the greatest age at which something was back-filled
  primary key (door, day)
);
