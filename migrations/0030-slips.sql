-- The newest slips of a party, without reading the thousands that a leader is given in a bad night; and those given lately, for standby.
create index slip_newest on slip (party, created_at desc);
create index slip_created on slip (created_at);
