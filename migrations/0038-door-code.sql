-- 一码通 (FEATURES 2.9): the code at the door of a home. The handle is half of a code; the other half is its signature under the house's key and is nowhere kept.
create table door_code (
  handle text primary key check (handle ~ '^[0-9a-z]{10}$'), home_id text not null references home on delete cascade,
  issued_at timestamptz not null default anling_now(), issued_by text not null, revoked_at timestamptz, revoked_by text
);
create unique index door_code_home on door_code (home_id) where revoked_at is null;
create index door_code_past on door_code (home_id);
