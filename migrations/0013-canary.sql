-- 链路自检 (B8): the house's own button. Not a device: it stands in no list, count or supervision.
create table canary (
  one boolean primary key default true check (one),
  device_id text not null, secret_hash bytea not null, secret_enc bytea not null,
  run bigint not null default 0, next_at timestamptz not null, busy_until timestamptz,
  ok_at timestamptz, legs jsonb not null default '{}', failures integer not null default 0, failed text,
  raised_at timestamptz                    -- the desk was told
);
-- Its message ends before the gateway: it has no number, belongs to no alert, and no gateway ever answered it.
alter table outbox add column dry boolean not null default false;
alter table outbox add constraint outbox_dry_reaches_nobody check (not dry or (alert_id is null and provider_id is null and octet_length(to_bidx) = 0)) not valid;
alter table outbox drop constraint outbox_state_check;
alter table outbox add constraint outbox_state_check check (state in ('due', 'sending', 'accepted', 'delivered', 'answered', 'failed', 'unknown', 'withdrawn', 'dry')) not valid;
create index outbox_dry on outbox (created_at) where dry;
