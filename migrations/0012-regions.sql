-- Region codes hold from a day until another (past mergers: the code ends, its rows and its name stay), and a unit may be shown under
-- another: the farm's living area under a town, an ended code under what it was merged into. Scopes and codes are not touched by it.
alter table region
  add column valid_from date, add column valid_to date, add column shown_under text references region,
  add constraint region_valid check (valid_from < valid_to), add constraint region_shown_under check (shown_under <> code);
create index region_shown_under on region (shown_under) where shown_under is not null;

-- A station is an entity of its own: it has an address, opens and closes, and is not the village it stands in.
alter table station
  add column address text, add column lat double precision, add column lon double precision, add column closed_on date, add column version integer not null default 1;
create index station_region on station (region_code);

-- Whoever deletes alerts (demo:remove) looks for what still names them: without these, table by table for every one.
create index timer_alert on timer (alert_id);
create index slip_alert on slip (alert_id);
