-- Where a responder stood when he pressed 到了, if he let his telephone say so (UI 3.4): WGS84, sealed, the last one of each case. `at`: when the
-- telephone took it, by our clock.
create table party_position (
  alert_id bigint not null references alert on delete cascade, party text not null, at timestamptz not null, where_enc bytea not null,
  primary key (alert_id, party)
);
create index party_position_party on party_position (party, at);
create index party_position_at on party_position (at);
