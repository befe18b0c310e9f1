-- The county: clock, regions, homes, people, devices, responders, users, plans.
-- Personal data stands only in *_enc (AES-256-GCM by store/seal.ts); *_bidx are keyed blind indexes for look-ups.

-- One clock (law 9): the database's wall clock plus an offset that a watcher, or a test's time machine, may set.
create table clock_offset (one boolean primary key default true check (one), offset_ms bigint not null default 0);
insert into clock_offset default values;
create function anling_now() returns timestamptz language sql stable parallel safe
  as $$ select clock_timestamp() + (select make_interval(secs => offset_ms / 1000.0) from clock_offset) $$;

create table region (
  code text primary key check (code ~ '^\d{12}$'),
  level text not null check (level in ('county', 'town', 'village')),
  name text not null, parent_code text references region, language text,
  lat double precision, lon double precision,
  demo boolean not null default false
);
create index region_parent on region (parent_code);

create table station ( -- 居家养老服务站点: not the same set as the villages
  id text primary key, region_code text not null references region, name text not null,
  demo boolean not null default false
);

create table home (
  id text primary key, region_code text not null references region,
  address_enc bytea not null,             -- full address
  place_enc bytea not null,               -- 短信用地点, at most 14 characters
  landmark_enc bytea, road_end text, walk_minutes smallint, key_with_enc bytea, dog boolean not null default false,
  lat double precision, lon double precision, crs text not null default 'wgs84', cell text, power_area text,
  mode text check (mode in ('away', 'hospital', 'evacuated')), mode_until timestamptz, mode_since timestamptz, mode_by text,
  created_at timestamptz not null default anling_now(), version integer not null default 1,
  demo boolean not null default false,
  check ((mode is null) = (mode_until is null))
);
create index home_mode on home (mode_until) where mode is not null;
create index home_region on home (region_code);

create table person ( -- one person one file (一人一档)
  id text primary key, number text unique, home_id text references home,
  name_enc bytea not null, name_bidx bytea not null,
  phone_enc bytea, phone_bidx bytea, identity_no_enc bytea, identity_no_bidx bytea,
  sex text check (sex in ('male', 'female')), birth_date_enc bytea, birth_year smallint,
  category text[] not null default '{}',  -- 对象类别: destitute low-income preferential bereaved disabled five-elders
  living text check (living in ('alone', 'couple', 'with-family')),  -- 独居 空巢 同住
  registered_region_code text references region,                     -- 户籍
  ability text check (ability in ('intact', 'mild', 'moderate', 'severe', 'complete')), -- GB/T 42195
  risk_tags text[] not null default '{}', high_risk boolean not null default false,
  language text, hearing text check (hearing in ('good', 'weak', 'deaf')),
  health_note_enc bytea, note_enc bytea,
  status text not null default 'present' check (status in ('present', 'refused', 'vacant', 'deceased', 'moved')), status_since date,
  consent_at timestamptz, consent_by text,
  mode text check (mode in ('away', 'hospital', 'evacuated')), mode_until timestamptz, mode_since timestamptz, mode_by text,
  routine_by time, routine_checked_on date,  -- no sign of movement by this county hour is a P2 motionless; null: not watched
  created_at timestamptz not null default anling_now(), version integer not null default 1,
  demo boolean not null default false,
  check ((mode is null) = (mode_until is null))
);
create index person_mode on person (mode_until) where mode is not null;
create index person_routine on person (routine_by) where routine_by is not null;
create index person_home on person (home_id);
create index person_name on person (name_bidx);
create index person_phone on person (phone_bidx);

create table contact ( -- family, neighbour, key holder of one person, in calling order
  id text primary key, person_id text not null references person on delete cascade, ord smallint not null,
  relation text not null check (relation in ('family', 'neighbour', 'doctor', 'other')),
  name_enc bytea not null, phone_enc bytea not null, phone_bidx bytea not null,
  key_holder boolean not null default false, walk_minutes smallint, language text,
  verified_at timestamptz, opted_out_at timestamptz, absent_until timestamptz, version integer not null default 1,
  demo boolean not null default false
);
create index contact_person on contact (person_id, ord);
create index contact_phone on contact (phone_bidx);

create table responder ( -- 处警人员: village ring, town duty rooms, desk leaders
  id text primary key,
  role text not null check (role in ('care-worker', 'doctor', 'grid-worker', 'village-cadre', 'town-duty', 'seat', 'shift-leader', 'duty-leader')),
  region_code text not null references region, ord smallint not null default 1,
  name_enc bytea not null, phone_enc bytea not null, phone_bidx bytea not null,
  landline boolean not null default false, keypress boolean not null default false,
  languages text[] not null default '{}', verified_at timestamptz, opted_out_at timestamptz, absent_until timestamptz,
  created_at timestamptz not null default anling_now(), version integer not null default 1,
  demo boolean not null default false
);
create index responder_region on responder (region_code, role, ord);
create index responder_phone on responder (phone_bidx);

create table supervision_class ( -- how long a device may be silent before it is offline
  id text primary key, period_s integer not null, grace_s integer not null check (grace_s > period_s), name text not null
);
insert into supervision_class values
  ('60s', 60, 180, '1分钟心跳'), ('5min', 300, 900, '5分钟心跳'), ('1h', 3600, 10800, '1小时心跳'), ('24h', 86400, 90000, '24小时心跳');

create table device_model (
  id text primary key, name text not null, vendor text not null default 'anling',
  type text not null check (type in ('sos-button', 'fall-radar', 'smoke', 'gas', 'watch', 'bed', 'door', 'gateway', 'phone')),
  supervision_class text not null references supervision_class, power text not null check (power in ('mains', 'battery')),
  confirm_window_s smallint not null default 0 check (confirm_window_s between 0 and 30)  -- law 5: a fall's declared window
);
insert into device_model (id, name, type, supervision_class, power, confirm_window_s) values
  ('sos-button', '一键呼按钮', 'sos-button', '24h', 'battery', 0),
  ('fall-radar', '跌倒监测雷达', 'fall-radar', '60s', 'mains', 0),
  ('smoke', '独立式烟感', 'smoke', '24h', 'battery', 0),
  ('gas', '燃气报警器', 'gas', '1h', 'mains', 0),
  ('watch', '定位手表', 'watch', '5min', 'battery', 30),
  ('bed', '床带', 'bed', '60s', 'mains', 0),
  ('gateway', '网关', 'gateway', '60s', 'mains', 0);

create table device (
  id text primary key check (id ~ '^[A-Za-z0-9_-]{1,64}$'),
  no integer generated always as identity unique,  -- the narrow key of telemetry rows
  model text not null references device_model, home_id text references home, person_id text references person, room text,
  secret_hash bytea not null,                       -- HMAC-SHA256 with the pepper of the key file
  status text not null default 'installed' check (status in ('stock', 'installed', 'revoked')),
  cell text, serial text, test_until timestamptz,   -- 安装调试
  registered_at timestamptz not null default anling_now(), version integer not null default 1,
  demo boolean not null default false
);
create index device_home on device (home_id);
create index device_person on device (person_id);

-- Demonstration rows keep apart from real ones (FIELD F18): no real elder's alarm hangs on rows that never ring a telephone, and no
-- demonstration elder is reached through a real one. A device is a demonstration while it is bound to one.
create function demo_keeps_apart() returns trigger language plpgsql as $$
declare bound boolean;
begin
  if tg_table_name = 'person' then select demo into bound from home where id = new.home_id;
  elsif tg_table_name = 'contact' then select demo into bound from person where id = new.person_id;
  else select coalesce((select demo from person where id = new.person_id), (select demo from home where id = new.home_id)) into bound; new.demo := coalesce(bound, new.demo);
  end if;
  if bound is not null and bound <> new.demo then
    raise exception 'a % and what it belongs to are both demonstration data or both real', tg_table_name using errcode = '23514', constraint = 'demo_keeps_apart';
  end if;
  return new;
end $$;
create trigger demo_keeps_apart before insert or update of home_id, demo on person for each row execute function demo_keeps_apart();
create trigger demo_keeps_apart before insert or update of person_id, demo on contact for each row execute function demo_keeps_apart();
create trigger demo_keeps_apart before insert or update of home_id, person_id, demo on device for each row execute function demo_keeps_apart();

-- What is known of a device's life. No index on what a heartbeat changes (HOT updates). Intake writes last_seen_at, the readings,
-- state 'online', mains_lost_at and lost_at; everything else (check_at, silent_at, the *_event_at, outage_id) is moved by the sweep only.
create table presence (
  device_id text primary key references device on delete cascade,
  last_seen_at timestamptz, state text not null default 'never' check (state in ('never', 'online', 'silent', 'offline')),
  check_at timestamptz not null, silent_at timestamptz, never_reported_at timestamptz,
  battery smallint, rssi smallint, mains boolean, mains_lost_at timestamptz, fw text, cell text, temp real,
  low_battery boolean not null default false, outage_id bigint,
  lost_at timestamptz,                     -- a will or status said offline: evidence for an outage, never an alert of its own
  offline_event_at timestamptz, mains_event_at timestamptz  -- the raise of the present silence, of the present mains loss
) with (fillfactor = 60);
create index presence_check on presence (check_at);
create index presence_silent on presence (silent_at) where silent_at is not null;     -- down since, until the sweep has handled its return
create index presence_mains on presence (mains_lost_at) where mains_lost_at is not null;
create index presence_mains_event on presence (mains_event_at) where mains_event_at is not null;
create index presence_lost on presence (lost_at) where lost_at is not null;
create index presence_never on presence (never_reported_at) where never_reported_at is not null;
create index presence_outage on presence (outage_id) where outage_id is not null;

create table blind_window (
  id bigint generated always as identity primary key, from_at timestamptz not null, to_at timestamptz not null, why text not null,
  noticed_at timestamptz                   -- its one notice was raised
);
create unique index blind_window_from on blind_window (from_at); -- edges that return together write one

create table node ( -- each role process beats here; the newest edge beat tells whether we could hear at all
  id text primary key, role text not null, started_at timestamptz not null, beat_at timestamptz not null, detail jsonb not null default '{}'
);
create index node_role on node (role, beat_at);

create table app_user (
  id text primary key, username text not null unique, password_hash text not null,
  role text not null check (role in ('admin', 'shift-leader', 'operator', 'viewer', 'caregiver', 'installer', 'technician', 'county-reader', 'auditor')),
  scope_code text not null references region, display_name text not null,
  disabled_at timestamptz, password_changed_at timestamptz not null default anling_now(),
  failed_count smallint not null default 0, locked_until timestamptz,
  version integer not null default 1, demo boolean not null default false
);
create table session (
  token_hash bytea primary key, user_id text not null references app_user on delete cascade,
  created_at timestamptz not null default anling_now(), seen_at timestamptz not null default anling_now(), expires_at timestamptz not null
);
create table login_try ( -- failed logins in a window, by keyed hash of account, address or known browser; pruned by the web role
  key bytea primary key, failures integer not null, window_at timestamptz not null
);
create table api_token (
  id text primary key, token_hash bytea not null unique, name text not null,
  role text not null, scope_code text not null references region, created_by text not null,
  created_at timestamptz not null default anling_now(), expires_at timestamptz, revoked_at timestamptz
);

create table console ( -- one open wall tab; the worker judges by beat_at, never by a socket
  tab_id text primary key, user_id text not null references app_user on delete cascade,
  beat_at timestamptz not null, visible boolean, audio text, last_seq bigint
);
create index console_user on console (user_id, beat_at);

create table plan ( -- 呼叫预案
  id text primary key, name text not null, kinds text[] not null, scope_code text not null references region,
  spec jsonb not null, version integer not null default 1, updated_at timestamptz not null default anling_now(),
  demo boolean not null default false
);

create table setting (key text primary key, value jsonb not null, updated_at timestamptz not null default anling_now(), updated_by text);

create table audit ( -- append-only, hash-chained: h(n) = HMAC(key, h(n-1) || row)
  id bigint primary key, at timestamptz not null, actor text not null, action text not null,
  target text, result text not null, detail jsonb not null default '{}', prev_hash bytea not null, hash bytea not null
);
create table audit_head (one boolean primary key default true check (one), id bigint not null default 0, hash bytea not null default '\x00');
insert into audit_head default values;
create function audit_is_append_only() returns trigger language plpgsql as $$ begin raise exception 'audit is append-only'; end $$;
create trigger audit_append_only before update or delete or truncate on audit for each statement execute function audit_is_append_only();

create table unregistered ( -- 设备未登记: refused connects, merged by the id they gave; the table is bounded by its writer
  presented_id text primary key, reason text not null check (reason in ('unknown', 'revoked', 'wrong-secret')),
  first_at timestamptz not null, last_at timestamptz not null, count bigint not null default 1,
  address text, door text not null, detail jsonb not null default '{}',
  alerted_at timestamptz -- the last unknown-device event, at most one per hour
);
create index unregistered_last on unregistered (last_at);

create table quarantine ( -- 待查报文: unreadable frames, raw (encrypted), replayable after a decoder fix
  id bigint generated always as identity primary key, ingest_id uuid not null unique,
  device_id text not null, topic text not null, raw_enc bytea not null, bytes integer not null, reason text not null,
  received_at timestamptz not null, trace text not null, replayed_at timestamptz, replayed_by text, replay_result text
);
create index quarantine_device on quarantine (device_id, id desc);
