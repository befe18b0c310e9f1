-- Acceptance of a device in a home (FEATURES 2.3): one visit, its steps with their evidence from the other tables, and the certificate over both.

create table installation (
  id text primary key, installer text not null,       -- as the audit has it: user:ID
  key text not null,                                  -- the client's key of its beginning or refusal: a telephone repeats after days
  state text not null check (state in ('begun', 'on-site', 'failed', 'refused', 'accepted', 'to-redo')),
  device_id text references device on delete cascade, -- null: refused before anything was fitted
  home_id text not null references home on delete cascade, person_id text references person on delete set null, region_code text not null, room text,
  begun_at timestamptz not null default anling_now(), client_begun_at timestamptz, -- the telephone's clock decides nothing
  finished_at timestamptz, client_finished_at timestamptz, probation_until timestamptz, decided_at timestamptz,
  reasons text[] not null default '{}', note_enc bytea,
  consent_who text check (consent_who in ('elder', 'family', 'guardian')), consent_how text check (consent_how in ('paper', 'spoken', 'signature')), consent_name_enc bytea, consent_at timestamptz, client_consent_at timestamptz,
  place_enc bytea, lat double precision, lon double precision, accuracy_m real, position_at timestamptz, client_position_at timestamptz, -- WGS84
  photo_type text, photo_enc bytea, photo_at timestamptz, client_photo_at timestamptz,
  signature_who text, signature_enc bytea, signature_at timestamptz, client_signature_at timestamptz,
  voice_heard boolean, voice_said_by text, voice_by text, voice_at timestamptz, -- what only a human can know: who heard it, and which account wrote it down
  demo boolean not null default false
);
create unique index installation_key on installation (installer, key);
create unique index installation_one_begun on installation (device_id) where state = 'begun';
create index installation_begun on installation (begun_at) where state = 'begun';
create index installation_probation on installation (probation_until) where state = 'on-site';
create index installation_home on installation (home_id, begun_at desc);
create index installation_device on installation (device_id, begun_at desc);
create index installation_region on installation (region_code, begun_at desc);

create table installation_step ( -- written by the house alone, once, from rows of event, heartbeat, feed, outbox, command and presence
  installation_id text not null references installation on delete cascade, step text not null,
  at timestamptz not null,                            -- when it happened, by the house's clock
  ms integer, facts jsonb not null,                   -- ids of the rows and what was measured; never personal data
  written_at timestamptz not null default anling_now(), primary key (installation_id, step)
);

create table certificate (
  id text primary key, no bigint generated always as identity unique, number text not null unique,
  installation_id text not null unique references installation on delete cascade,
  hash bytea not null,                                -- SHA-256 of the record
  record_enc bytea not null,                          -- what the paper says, sealed
  issued_at timestamptz not null, revoked_at timestamptz, revoked_why text
);

-- When a device got its present secret, and from whom: who holds it can speak in the device's name.
alter table device add column secret_at timestamptz, add column secret_by text;
create function device_secret_is_new() returns trigger language plpgsql as $$ begin
  new.secret_at := anling_now(); new.secret_by := nullif(current_setting('anling.actor', true), '');
  return new;
end $$;
create trigger device_secret_is_new before update of secret_hash on device for each row when (old.secret_hash is distinct from new.secret_hash) execute function device_secret_is_new();
