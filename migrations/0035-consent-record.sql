-- When a contact agreed, how he said so and which account wrote it down; and how he withdrew (by himself: text).
alter table contact add column consent_at timestamptz, add column consent_how text check (consent_how in ('paper', 'phone', 'text')), add column consent_by text,
  add column withdrawn_how text check (withdrawn_how in ('desk', 'text'));
-- Messages that were taken back because their reader withdrew: the alert path goes on to the next person, as after a failure.
create index outbox_consent on outbox (id) where state = 'withdrawn' and error_code = 'local.CONSENT' and handled_at is null;
-- A contact who withdrew by himself is a task of the village: somebody else has to be found.
alter table number_task drop constraint number_task_reason_check;
alter table number_task add constraint number_task_reason_check check (reason in ('failed', 'silent', 'yearly', 'opted-out', 'withdrawn')) not valid;
