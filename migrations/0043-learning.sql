-- 学习期 (FEATURES C12): for so many days after it was installed what a device of this model feels by itself is marked; nothing else of the alarm changes.
alter table device_model add column learning_days smallint not null default 0 check (learning_days between 0 and 60);
update device_model set learning_days = 14 where type = 'fall-radar';
