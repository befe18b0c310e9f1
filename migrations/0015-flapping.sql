-- Flap control (C8) asks, for each technical alarm raised anew, how often its like has ended by itself within the hour.
create index alert_ended on alert (subject_type, subject_id, kind, closed_at) where state = 'closed' and priority > 2;
