-- 可达性 (FEATURES E10, E11, 2.17): who could be reached lately, the weekly ring, numbers to be mended, villages with nobody.
create table reach ( -- the last proof that somebody answered this number: by day and by night; another number is another proof
  party text primary key, phone_bidx bytea not null,
  day_at timestamptz, day_how text, night_at timestamptz, night_how text, -- how: sms key call link
  fails smallint not null default 0, failed_at timestamptz -- what the number itself refused since its last proof
);
create table ring_test ( -- 试铃: one text or call that asks for nothing but a 5; yearly: 核对号码
  id bigint generated always as identity primary key, party text not null, kind text not null check (kind in ('day', 'night', 'yearly')), week date not null, -- the Monday; of a yearly one its day
  channel text not null check (channel in ('sms', 'voice')), out_id text not null, sent_at timestamptz not null default anling_now(),
  call_at timestamptz,                     -- no answer by then: a call, once
  called_at timestamptz, give_up_at timestamptz not null, ended_at timestamptz, how text check (how in ('sms', 'key', 'call', 'link', 'silent')),
  unique (party, kind, week)
);
create index ring_test_open on ring_test (give_up_at) where ended_at is null;
create index ring_test_sent on ring_test (sent_at);
create table number_task ( -- a number that the village has to mend
  id bigint generated always as identity primary key, party text not null, phone_bidx bytea not null, region_code text references region,
  reason text not null check (reason in ('failed', 'silent', 'yearly', 'opted-out')), opened_at timestamptz not null default anling_now(),
  closed_at timestamptz, closed_by text, how text check (how in ('mended', 'proven', 'dismissed', 'gone'))
);
create unique index number_task_one on number_task (party) where closed_at is null;
create index number_task_region on number_task (region_code, opened_at) where closed_at is null;
create table reach_gap (region_code text primary key references region, since timestamptz not null default anling_now()); -- nobody there who could come
create table reach_notice (code text primary key, villages integer not null, raised_at timestamptz not null default anling_now()); -- shown to the desk: a village, or a town with several
-- How far the rows of others have been looked through.
create table assurance_mark (one boolean primary key default true check (one), reply_id bigint not null, log_id bigint not null, at timestamptz not null);
insert into assurance_mark (reply_id, log_id, at) select (select coalesce(max(id), 0) from reply), (select coalesce(max(id), 0) from alert_log), anling_now();
