-- The answer figures (D10) look at the last day of everything and the month of the emergencies.
create index alert_opened on alert (opened_at);
create index alert_p1 on alert (opened_at) where priority = 1;
