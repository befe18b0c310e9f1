-- 排班 (FEATURES E9): whose turn it is at the seats, among the leaders, in a town's duty room. Who stands in no schedule is always on.
create table schedule (
  id text primary key, name text not null, role text not null check (role in ('seat', 'shift-leader', 'duty-leader', 'town-duty')),
  region_code text not null references region, layers jsonb not null, -- core/schedule.ts: later layers over earlier ones
  version integer not null default 1, updated_at timestamptz not null default anling_now(), demo boolean not null default false
);
create index schedule_region on schedule (region_code, role);
create table schedule_override ( -- 代班, 换班: a later row over an earlier one
  id bigint generated always as identity primary key, schedule_id text not null references schedule on delete cascade,
  starts_at timestamptz not null, ends_at timestamptz not null check (ends_at > starts_at),
  out_id text, in_id text, swap_of bigint references schedule_override on delete cascade, -- the other half of a swap
  created_at timestamptz not null default anling_now()
);
create index schedule_override_time on schedule_override (schedule_id, ends_at);
create table holiday ( -- 放假 and 调休上班, as the State Council publishes them each year
  day date primary key, kind text not null check (kind in ('rest', 'work')), name text not null
);
