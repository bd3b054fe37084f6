-- P19: a person can be forgotten. Histories stay append-only but for what somebody wrote into them in words.
grant update (reason) on appointment_events to slotwire_system;
