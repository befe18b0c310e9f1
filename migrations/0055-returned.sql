-- Who spoke again after it was declared silent, until the sweep has handled it: a second's look reads these, not everybody who is silent (50,000 of a million: 0.9 s a turn). Both
-- columns change when a device falls silent or returns, never on an ordinary heartbeat, which stays a HOT update.
create index presence_back on presence (device_id) where silent_at is not null and state = 'online';
