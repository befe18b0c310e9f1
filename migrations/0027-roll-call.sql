-- 平安清点 (FEATURES 2.2): who was asked after, in which village under which number, given to whom, and who was found how, by whom, when.
-- Names, places and telephones stay where they are sealed: a list is read from the files of that moment, in the order in which it was made.
create table roll_call (
  id bigint generated always as identity primary key, name text not null, kind text not null check (kind in ('region', 'outage', 'blind')),
  scope_code text not null references region,                       -- the smallest region that holds its people
  started_by text not null, started_at timestamptz not null default anling_now(), ended_at timestamptz, ended_by text, demo boolean not null default false
);
create index roll_call_open on roll_call (id) where ended_at is null;
create table roll_call_person (
  roll_call_id bigint not null references roll_call on delete cascade, region_code text not null references region, no smallint not null check (no > 0), -- as texts and paper name it
  person_id text not null, status text not null default 'unchecked' check (status in ('unchecked', 'safe', 'help', 'unreached')),
  marked_at timestamptz, marked_by text, via text check (via in ('sms', 'link', 'paper', 'desk')),
  primary key (roll_call_id, region_code, no), unique (roll_call_id, person_id)
);
create index roll_call_of_person on roll_call_person (person_id);
create table roll_call_mark ( -- every word about somebody, the last one counts
  id bigint generated always as identity primary key, roll_call_id bigint not null, region_code text not null, no smallint not null, status text not null,
  by text not null, via text not null, at timestamptz not null default anling_now(),
  foreign key (roll_call_id, region_code, no) references roll_call_person on delete cascade
);
create index roll_call_mark_person on roll_call_mark (roll_call_id, region_code, no);
create table roll_call_party ( -- whom a list was given to, with the code of the page /q/{code}
  roll_call_id bigint not null references roll_call on delete cascade, party text not null, regions text[] not null, code text not null unique, out_id text,
  primary key (roll_call_id, party)
);
create index roll_call_party_of on roll_call_party (party);
