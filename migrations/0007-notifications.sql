-- 通知: every message on one page, newest first, those in trouble on top; and what the provider says of our texts.
alter table outbox add column region_code text; -- whose it is: the alert's region, else the responder's; null: the whole county's
update outbox o set region_code = coalesce((select region_code from alert where id = o.alert_id), (select region_code from responder where 'responder:' || id = o.party));
create function outbox_has_region() returns trigger language plpgsql as $$
begin
  new.region_code := coalesce(new.region_code, (select region_code from alert where id = new.alert_id));
  if new.region_code is null and new.party like 'responder:%' then new.region_code := (select region_code from responder where id = substr(new.party, 11)); end if;
  return new;
end $$;
create trigger outbox_has_region before insert on outbox for each row execute function outbox_has_region();
create index outbox_town on outbox (left(region_code, 9), created_at desc, id desc);
create index outbox_list on outbox (created_at desc, id desc);
create index outbox_trouble on outbox (created_at desc, id desc) where state in ('failed', 'unknown');
create index quarantine_open on quarantine (id desc) where replayed_at is null;

create table template_check ( -- one row per text: written by the worker after each look, read by the pages
  template text primary key, gateway text not null, code text,
  state text not null check (state in ('approved', 'no-code', 'not-found', 'pending', 'rejected', 'other-text', 'not-asked', 'no-answer')),
  checked_at timestamptz not null default anling_now()
);
