-- What a contact has agreed to: emergencies only, or the lesser cases too; hours in which lesser ones leave him alone; and 撤回同意, from when on nobody calls or texts him.
alter table contact add column emergencies_only boolean, add column quiet_from time, add column quiet_to time, add column withdrawn_at timestamptz;
