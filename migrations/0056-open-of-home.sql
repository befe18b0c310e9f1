-- The urgent alerts of a home that are open, for those that confirm each other (C6): asked for with each urgent event, not by a walk over all the home has ever had.
create index alert_open_home on alert (home_id) where state <> 'closed' and priority <= 2;
