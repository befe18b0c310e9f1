-- 走测: somebody walks through a home and says where he is; what its devices saw meanwhile stands in events and vital signs as ever (FEATURES 2.3, F7).
create table walk_test (
  id bigint generated always as identity primary key, home_id text not null references home on delete cascade, begun_at timestamptz not null default anling_now(), begun_by text not null,
  until timestamptz not null, ended_at timestamptz,       -- it ends by itself
  steps jsonb not null default '[]',                      -- [{"room": "卧室", "at": epoch ms}]
  check (ended_at is null or ended_at >= begun_at)
);
create index walk_test_home on walk_test (home_id, id desc);
