-- 白名单: the numbers that the provider exempts from its limits, as they were last handed over as a file, and whether somebody says that they stand there.
create table white_list (
  id bigint generated always as identity primary key, made_at timestamptz not null default anling_now(), made_by text not null,
  confirmed_at timestamptz, confirmed_by text
);
create table white_list_number (
  list_id bigint not null references white_list on delete cascade, rank smallint not null, party text not null, -- a responder, as the outbox names him
  phone_bidx bytea not null, phone_enc bytea not null, primary key (list_id, phone_bidx)
);
