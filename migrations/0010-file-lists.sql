-- Lists of the county's files: a page is one walk along an index, in any scope, and a search is one look at an index.

-- The region of a person and of a device, as it follows from where they are: '' while it follows from nothing. Kept by triggers, so
-- that the release before keeps it right too. The share lock on the home orders a move against a change of the home's own region.
alter table person add column region_code text not null default '';
alter table device add column region_code text not null default '';
create function person_region() returns trigger language plpgsql as $$
begin
  new.region_code := coalesce((select region_code from home where id = new.home_id for share), new.registered_region_code, '');
  return new;
end $$;
create function device_region() returns trigger language plpgsql as $$
begin
  new.region_code := coalesce((select region_code from home where id = new.home_id for share), (select region_code from person where id = new.person_id for share), '');
  return new;
end $$;
create function region_follows() returns trigger language plpgsql as $$
begin
  if tg_table_name = 'home' then
    update person set home_id = home_id where home_id = new.id;
    update device set home_id = home_id where home_id = new.id;
  else
    update device set person_id = person_id where person_id = new.id;
  end if;
  return null;
end $$;
update person p set region_code = coalesce((select region_code from home where id = p.home_id), p.registered_region_code, '');
update device d set region_code = coalesce((select region_code from home where id = d.home_id), (select region_code from person where id = d.person_id), '');
create trigger person_region before insert or update of home_id, registered_region_code on person for each row execute function person_region();
create trigger device_region before insert or update of home_id, person_id on device for each row execute function device_region();
create trigger region_follows after update of region_code on home for each row when (old.region_code <> new.region_code) execute function region_follows();
create trigger region_follows after update of home_id, registered_region_code on person for each row when (old.region_code <> new.region_code) execute function region_follows();

-- Keyed marks under which a row is found (core/search.ts): exact name, surname, pinyin initials, whole number, its last four digits.
-- Null: not marked yet, or changed by a release that knows no marks; a keeper that has the keys fills it in.
alter table person add column find_bidx bytea[];
alter table contact add column find_bidx bytea[];
alter table responder add column find_bidx bytea[];
create function marks_follow() returns trigger language plpgsql as $$
begin
  if new.find_bidx is not distinct from old.find_bidx then new.find_bidx := null; end if;
  return new;
end $$;
create trigger marks_follow before update of name_enc, phone_enc on person for each row when (old.name_enc <> new.name_enc or old.phone_enc is distinct from new.phone_enc) execute function marks_follow();
create trigger marks_follow before update of name_enc, phone_enc on contact for each row when (old.name_enc <> new.name_enc or old.phone_enc <> new.phone_enc) execute function marks_follow();
create trigger marks_follow before update of name_enc, phone_enc on responder for each row when (old.name_enc <> new.name_enc or old.phone_enc <> new.phone_enc) execute function marks_follow();
create index person_find on person using gin (find_bidx);
create index contact_find on contact using gin (find_bidx);
create index responder_find on responder using gin (find_bidx);
create index person_unmarked on person (id) where find_bidx is null;
create index contact_unmarked on contact (id) where find_bidx is null;
create index responder_unmarked on responder (id) where find_bidx is null;

create index home_list on home (region_code, id);
drop index home_region;
create index person_list on person (region_code, id);
create index person_list_risk on person (region_code, id) where high_risk;
create index person_list_status on person (status, region_code, id) where status <> 'present';
create index responder_list on responder (region_code, id);
create index device_list on device (region_code, id);
create index device_list_model on device (model, region_code, id);
create index device_list_status on device (status, region_code, id) where status <> 'installed';
create index device_serial on device (serial) where serial is not null;
create index presence_not_online on presence (device_id) where state <> 'online'; -- state changes seldom: a heartbeat stays a HOT update
create index presence_low on presence (device_id) where low_battery;
