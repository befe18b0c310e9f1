-- Telephone calls that come in (来电), and one-key telephones: devices that speak by ringing us, known by their number.
alter table device add column phone_enc bytea, add column phone_bidx bytea;
create index device_phone on device (phone_bidx) where phone_bidx is not null;
insert into device_model (id, name, type, supervision_class, power) values ('one-key-phone', '一键电话', 'phone', '24h', 'mains') on conflict (id) do nothing;

create table call (
  id bigint generated always as identity primary key, from_enc bytea, from_bidx bytea,  -- null: the number is withheld
  matched text not null check (matched in ('device', 'person', 'contact', 'home', 'responder', 'unknown')),
  person_id text, home_id text, device_id text, region_code text,
  state text not null default 'ringing' check (state in ('ringing', 'opened', 'missed')), count integer not null default 1,
  at timestamptz not null default anling_now(), last_at timestamptz not null default anling_now(),
  event_id bigint,                         -- the alarm it raised; null: none (yet)
  opened_at timestamptz, opened_by text, opened_by_name text, trace text not null
);
create index call_waiting on call (id) where state <> 'opened';
create index call_from on call (from_bidx, id desc) where state = 'ringing';
