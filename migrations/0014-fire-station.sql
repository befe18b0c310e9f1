-- The micro fire station (微型消防站) of a village or town is called beside the ring when it burns (FIELD 7).
alter table responder drop constraint responder_role_check,
  add constraint responder_role_check check (role in ('care-worker', 'doctor', 'grid-worker', 'village-cadre', 'town-duty', 'fire-station', 'seat', 'shift-leader', 'duty-leader'));
