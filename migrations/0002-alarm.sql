-- The alarm path: event -> alert -> timer, outbox -> feed. The unprocessed row is the queue (law 3).

create table event (
  id bigint generated always as identity primary key,
  ingest_id uuid not null unique,          -- given by the door: a retried insert after an unknown commit is a no-op
  shard smallint not null,                 -- 0..15 by home (else device): one evaluator at a time per shard keeps order
  urgency smallint not null,               -- 1..4, the priority its kind has by default; claimed in this order
  device_id text, home_id text, person_id text, room text,
  source text not null check (source in ('mqtt', 'http', 'phone', 'wall', 'supervision', 'vitals', 'heartbeat', 'quarantine', 'replay')),
  kind text not null, edge text not null default 'raise' check (edge in ('raise', 'clear', 'repeat', 'report')),
  source_event_id text,                    -- the device's own id, or t:<time>:<seq> when it gave no id
  ref text, device_time timestamptz, received_at timestamptz not null, flags text[] not null default '{}', -- time-missing time-absurd late id-reused qos0 ...
  confidence real, data_enc bytea,         -- location and data of the frame, encrypted
  trace text not null, evaluated_at timestamptz, result text, alert_id bigint,
  attempts smallint not null default 0, error text
);
create index event_queue on event (shard, urgency, id) where evaluated_at is null;
create index event_queue_device on event (device_id, id) where evaluated_at is null; -- what of a device comes before its alarm
create index event_same on event (device_id, source_event_id) where source_event_id is not null;
create index event_device on event (device_id, id desc);
create index event_alert on event (alert_id) where alert_id is not null;

create table alert ( -- 警情
  id bigint generated always as identity primary key,
  kind text not null, priority smallint not null check (priority between 1 and 4),
  state text not null check (state in ('confirming', 'open', 'claimed', 'committed', 'arrived', 'closed')),
  subject_type text not null check (subject_type in ('person', 'room', 'home', 'device', 'region', 'cell', 'power-area', 'vendor', 'number', 'system')),
  subject_id text not null,
  device_id text, home_id text, person_id text, region_code text,
  count integer not null default 1, duplicate_count integer not null default 0, version integer not null default 1,
  state_version integer not null default 1, -- the version at which state, holder or outcome last changed
  opened_at timestamptz not null,          -- ours: when the first event was committed
  occurred_at timestamptz,                 -- the device's own time, shown as age when late
  last_raised_at timestamptz not null, flags text[] not null default '{}',   -- late test self-cancelled nobody-answered after-reboot in-outage ...
  claimed_at timestamptz, claimed_by text, claim_tab text, last_step_at timestamptz,
  first_human_at timestamptz,              -- 接警用时 = this - opened_at
  committed_at timestamptz, committed_how text, arrived_at timestamptz,
  closed_at timestamptz, closed_by text, outcome text, close_note_enc bytea,
  plan jsonb, plan_base_at timestamptz, plan_round smallint not null default 0, plan_step smallint not null default 0,
  plan_state text not null default 'idle' check (plan_state in ('idle', 'running', 'suspended', 'ended')),
  summary jsonb not null default '{}',     -- counts of an outage and the like; never personal data
  trace text not null, demo boolean not null default false
);
create unique index alert_one_open on alert (subject_type, subject_id, kind) where state <> 'closed';
create index alert_open on alert (priority, opened_at) where state <> 'closed';
create index alert_home on alert (home_id, id desc);
create index alert_device on alert (device_id) where state <> 'closed';
create index alert_region on alert (region_code, id desc);

create table alert_log ( -- the timeline; text with personal data only in note_enc
  id bigint generated always as identity primary key, alert_id bigint not null references alert,
  at timestamptz not null default anling_now(), actor_type text not null, actor_id text not null,
  action text not null, detail jsonb not null default '{}', note_enc bytea
);
create index alert_log_alert on alert_log (alert_id, id);

create table engagement ( -- one responder's or contact's part in one alert
  alert_id bigint not null references alert, party text not null,  -- 'responder:ID' or 'contact:ID'
  state text not null check (state in ('notified', 'seen', 'accepted', 'arrived', 'declined', 'need-help', 'done')),
  notified_at timestamptz, accepted_at timestamptz, arrived_at timestamptz, arrive_by timestamptz, updated_at timestamptz not null,
  primary key (alert_id, party)
);
create index engagement_party on engagement (party);

create table slip ( -- 单号: two digits, unique per party for 48 h
  party text not null, no smallint not null check (no between 10 and 99), alert_id bigint not null references alert,
  code text not null unique,               -- random, for the caregiver link /j/{code}
  created_at timestamptz not null, primary key (party, alert_id)
);
create index slip_no on slip (party, no, created_at desc);

create table timer ( -- fires at or after due_at, perhaps again after a crash, on any worker; handlers are conditional
  id bigint generated always as identity primary key,
  alert_id bigint references alert, slot text not null, -- confirm plan desk claim arrival close rering | system slots without an alert
  due_at timestamptz not null, payload jsonb not null default '{}', created_at timestamptz not null default anling_now(),
  fired_at timestamptz, cancelled_at timestamptz, attempts smallint not null default 0, error text
);
create unique index timer_one on timer (alert_id, slot) where fired_at is null and cancelled_at is null and alert_id is not null;
create unique index timer_system on timer (slot) where fired_at is null and cancelled_at is null and alert_id is null;
create index timer_due on timer (due_at) where fired_at is null and cancelled_at is null;

create table outbox ( -- 待发队列
  id bigint generated always as identity primary key,
  out_id text not null unique check (octet_length(out_id) between 1 and 15),  -- the voice API's limit
  alert_id bigint references alert, party text not null, channel text not null check (channel in ('sms', 'voice')),
  template text not null, params_enc bytea not null, to_enc bytea not null, to_bidx bytea not null,
  priority smallint not null, round smallint, step smallint, slip smallint,
  purpose text not null default 'notice' check (purpose in ('search', 'desk', 'notice')), -- a commit withdraws search and desk, a claim desk
  state text not null default 'due' check (state in ('due', 'sending', 'accepted', 'delivered', 'answered', 'failed', 'unknown', 'withdrawn')),
  due_at timestamptz not null, created_at timestamptz not null default anling_now(),
  lease_until timestamptz, lease_token bigint not null default 0, attempts smallint not null default 0,
  provider text, provider_id text, error_code text, error_class text, accepted_at timestamptz, done_at timestamptz,
  handled_at timestamptz,                  -- a failure the alert path has reacted to
  sent_at timestamptz,                     -- the last try; counts in the provider's windows
  check_at timestamptz, checks smallint not null default 0, -- when to ask the provider, for want of a receipt
  withdrawn_at timestamptz,                -- no longer wanted: what was being sent then is not sent again
  trace text not null, demo boolean not null default false
);
-- No message of the demonstration, by its alert or by whom it goes to, is ever handed to a real gateway (FIELD F18, F23).
alter table outbox add constraint outbox_demo_stays check (not demo or provider is null or provider = 'standin');
-- And no real alarm is swallowed by the stand-in, which would call it delivered.
alter table outbox add constraint outbox_real_rings check (demo or provider is distinct from 'standin');
create function outbox_is_demo() returns trigger language plpgsql as $$
begin
  if not new.demo then
    new.demo := coalesce(case split_part(new.party, ':', 1)
      when 'responder' then (select demo from responder where id = split_part(new.party, ':', 2))
      when 'contact' then (select demo from contact where id = split_part(new.party, ':', 2)) end, false);
  end if;
  return new;
end $$;
create trigger outbox_is_demo before insert on outbox for each row execute function outbox_is_demo();
create index outbox_due on outbox (priority, due_at) where state = 'due';
create index outbox_sending on outbox (lease_until) where state = 'sending';
create index outbox_unhandled on outbox (id) where state in ('failed', 'unknown') and handled_at is null;
create index outbox_waiting on outbox (check_at) where state in ('accepted', 'unknown') and check_at is not null;
create index outbox_alert on outbox (alert_id, id);
create index outbox_provider on outbox (provider_id) where provider_id is not null;
create index outbox_party on outbox (to_bidx, channel, created_at desc);

create table receipt ( -- provider callbacks as they came: written and answered first, understood later
  id bigint generated always as identity primary key, kind text not null check (kind in ('sms-report', 'sms-up', 'voice-report', 'voice-call-report')),
  dedupe text not null unique, body_enc bytea not null, received_at timestamptz not null, processed_at timestamptz, result text, attempts smallint not null default 0
);
create index receipt_queue on receipt (id) where processed_at is null;

create table reply ( -- what people answered, by SMS or keypress; the alerts loop acts on unevaluated rows
  id bigint generated always as identity primary key, dedupe text not null unique,
  channel text not null check (channel in ('sms', 'dtmf')), from_enc bytea not null, from_bidx bytea not null,
  content_enc bytea not null, out_id text, received_at timestamptz not null, trace text not null,
  evaluated_at timestamptz, result text, alert_id bigint
);
create index reply_queue on reply (id) where evaluated_at is null;

create table request_key ( -- idempotency keys of the API
  key text not null, actor text not null, response jsonb not null, at timestamptz not null default anling_now(), primary key (actor, key)
);

create table outage ( -- 片区失联: one incident for many silences; its alert is what the wall shows of it
  id bigint generated always as identity primary key,
  subject_type text not null check (subject_type in ('region', 'cell', 'power-area', 'vendor')), subject_id text not null,
  region_code text not null,               -- the smallest region that holds its members
  scope_from text not null, scope_to text not null,  -- the codes inside it
  cause text not null check (cause in ('mast', 'power', 'vendor', 'unknown')),
  trait text,                              -- the cell or vendor that the cause names
  from_at timestamptz not null,            -- the last sign of life before it: whoever was heard later is not in it
  opened_at timestamptz not null default anling_now(), trace text not null,
  ingest_id uuid not null unique,          -- the event that raised its alert
  alert_id bigint references alert, absorbed_by bigint references outage,
  told_at timestamptz,                     -- its one message per role
  recovering_at timestamptz, ended_at timestamptz, ended_how text check (ended_how in ('recovered', 'absorbed', 'closed')),
  counts jsonb not null default '{}', reported_at timestamptz not null default anling_now()
);
create unique index outage_one_open on outage (subject_type, subject_id) where ended_at is null;
create unique index outage_alert on outage (alert_id) where alert_id is not null;
create table outage_member (
  outage_id bigint not null references outage, device_id text not null references device on delete cascade,
  home_id text, silent_at timestamptz not null, back_at timestamptz, primary key (outage_id, device_id)
);
create index outage_member_device on outage_member (device_id);

create table presumed ( -- 推断失联: shares an open outage and its cause, was not heard since it began, is not due yet; kept by each look of the decider
  outage_id bigint not null references outage, device_id text not null references device on delete cascade, primary key (outage_id, device_id)
);
create index presumed_device on presumed (device_id);
-- As it is this moment: whoever has spoken since is not in it, nor a home that is away.
create view presumed_unreachable as
  select o.id as outage_id, o.alert_id, d.id as device_id, d.home_id, h.region_code, p.last_seen_at
  from presumed x join outage o on o.id = x.outage_id join device d on d.id = x.device_id join presence p on p.device_id = x.device_id left join home h on h.id = d.home_id
  where o.ended_at is null and p.state = 'online' and p.silent_at is null and p.last_seen_at <= o.from_at and (h.mode_until is null or h.mode_until <= anling_now());

create table digest ( -- one battery message per village and day
  region_code text not null references region, day date not null, kind text not null default 'battery', count integer not null, at timestamptz not null default anling_now(),
  primary key (kind, region_code, day)
);

-- Gapless and ordered by commit: the counter row is taken last in the apply transaction.
create table feed_counter (one boolean primary key default true check (one), seq bigint not null default 0, epoch uuid not null default gen_random_uuid());
insert into feed_counter default values;
create table feed (
  seq bigint primary key, at timestamptz not null default anling_now(), type text not null, alert_id bigint,
  region_code text, payload jsonb not null  -- never personal data
);
