-- Responses (FEATURES E8, FIELD F20): who is on the way, numbers that answer for somebody, and answers that belong to no case.
alter table engagement add column departed_at timestamptz; -- 已出发: of one who has accepted
create table reply_alias ( -- a number from which somebody answers beside his own: her husband's telephone
  phone_bidx bytea not null, party text not null, phone_enc bytea not null, bound_by text not null, bound_at timestamptz not null default anling_now(), primary key (phone_bidx, party)
);
alter table reply add column done_at timestamptz, add column done_by text; -- seen by a human, where no case shows it
create index reply_loose on reply (evaluated_at) where alert_id is null and done_at is null;
