-- Shelving (暂挂): a flag and a timer of the alert; never an emergency, never longer than a shift, whoever writes the row.
alter table alert add constraint alert_p1_never_shelved check (priority > 1 or not ('shelved' = any(flags)));
alter table timer add constraint timer_shelf_ends check (slot <> 'shelf' or due_at <= created_at + interval '8 hours 1 minute');
