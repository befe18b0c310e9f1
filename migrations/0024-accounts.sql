-- Accounts (FIELD F12): a second factor, a PIN for changing the person at a desk, and what a session has proven.
create table second_factor ( -- one-time codes (TOTP): the key in use, and a new one until its first code proves it
  user_id text primary key references app_user on delete cascade, secret_enc bytea, next_enc bytea,
  used_step bigint not null default 0, -- the newest step whose code was taken: no code is taken twice
  confirmed_at timestamptz, check (secret_enc is not null or next_enc is not null)
);
create table recovery_code (user_id text not null references app_user on delete cascade, code_hash bytea not null, used_at timestamptz, primary key (user_id, code_hash));
create table desk_pin (user_id text primary key references app_user on delete cascade, pin_hash text not null, set_at timestamptz not null default anling_now());
-- whole: all that the role may; desk: alarms only (a known browser, the second factor is owed); none: nothing but giving it.
alter table session add column proof text not null default 'whole' check (proof in ('whole', 'desk', 'none'));
