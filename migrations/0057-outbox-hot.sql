-- What a bad night asks of the messages, along the right way: with 10,000 open emergencies a claim of texts walked past a thousand calls that were due, and counting what a number got past
-- hundreds that its budget had refused (bench/README.md, "Where a rung's lateness comes from").
create index outbox_claim on outbox (channel, priority, due_at, id) where state = 'due';
drop index outbox_due;
create index outbox_counted on outbox (to_bidx, channel, created_at) where provider_id is not null or state not in ('failed', 'withdrawn');
