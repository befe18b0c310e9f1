-- What an operator has saved to look at one part of the queue (UI 3.1): names and choices, no alarms. Which one is on is never kept.
create table user_filter (
  user_id text primary key references app_user on delete cascade, filters jsonb not null check (jsonb_typeof(filters) = 'array'), updated_at timestamptz not null default anling_now()
);
