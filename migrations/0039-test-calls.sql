-- When a person last pressed each device (FEATURES B7): one look per device, whatever else it has said.
create index event_press on event (device_id, received_at desc) where kind in ('sos', 'test', 'phone-in') and edge <> 'clear';
