-- Sending within the provider's windows: a message that may break its number's budget because no other way is left (core/last-way.ts).
alter table outbox add column last_way boolean not null default false;
