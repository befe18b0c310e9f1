-- 离线清点包 (FEATURES 2.2): the passphrase of each town, sealed; the packs themselves are files below data/packs.
create table pack_key (
  region_code text primary key references region, passphrase_enc bytea not null, set_at timestamptz not null default anling_now(), set_by text not null
);
