-- Until when the SIM in a device is paid for, and which battery a model has and for how long as its maker says (FEATURES F7, B9).
alter table device add column sim_until date;
create index device_sim on device (sim_until) where sim_until is not null;
alter table device_model add column battery_kind text check (length(battery_kind) between 1 and 40), add column battery_days integer check (battery_days between 1 and 7300);
