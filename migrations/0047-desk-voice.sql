-- What the wall says of an emergency that nobody has taken for 30 s (均溪镇，一键呼，未接警), recorded by the county, a part at a time.
create table desk_voice (
  part text primary key check (part ~ '^(unclaimed|kind-[a-z-]{1,30}|town-[0-9]{12})$'), type text not null check (type in ('audio/wav', 'audio/mpeg', 'audio/ogg')),
  audio bytea not null, updated_at timestamptz not null default anling_now(), updated_by text not null
);
