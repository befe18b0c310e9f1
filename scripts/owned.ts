/**
 * The promises that must each have a test: features, invariants, faults, security checks, findings of the field, and the ten
 * laws. A test names what it shows in brackets in its title, e.g. `it('keeps one open alert per subject [C1 I2 LAW5]', …)`.
 */
export type Owned = { id: string; promise: string };
const group = (lines: string): Owned[] => lines.trim().split('\n').map((line) => {
  const [id = '', ...words] = line.trim().split(' ');
  return { id, promise: words.join(' ') };
});

export const owned: readonly { title: string; rows: readonly Owned[] }[] = [
  { title: 'Laws', rows: group(`
    LAW1 PUBACK means committed
    LAW2 Signals are hints, rows are truth
    LAW3 The unprocessed row is the queue: leases, fencing, any node
    LAW4 Decide pure, apply once in one transaction
    LAW5 A P1 is never refused, dropped or hidden; duplicates are merged at the alert
    LAW6 An alarm ends only by a human's close; taking replaces the timer
    LAW7 A limit on everything, with a behaviour at the limit
    LAW8 The urgent lane owns its resources
    LAW9 One clock, the database's; a device's clock decides no deadline
    LAW10 A module is a folder; imports go one way`) },
  { title: 'Features', rows: group(`
    A1 Acknowledged after the durable commit
    A2 Accepted while the database is away: a local fsynced spool, replayed in order
    A3 Alarms never queue behind heartbeats; heartbeats are shed first
    A4 The same event again is one alarm with a count
    A5 Two times per event, skewed clocks flagged, late events handled
    A6 No cap refuses an alarm
    A7 Credentials, topics, takeover, flapping and payload limits per device
    A9 Doors for the vendors' clouds and devices, each with its captured shapes
    A10 What cannot be read is kept, counted, shown, replayable
    A11 An unknown device is listed to be claimed; its SOS is an alarm all the same
    B1 Supervision class per device model
    B2 Exact deadlines that survive a restart
    B3 Our own outage declares nobody offline
    B4 Many silences of one place are one incident, without a second flood
    B5 Battery, mains, tamper, removed: own priority, delay and digest
    B6 Never reported is not online
    B7 A press of each button a month: who is overdue by village, windows in which it rings nobody, outside them always
    B9 Signal and battery as they went, batteries near their end, who never reported or is silently dead, uptime by model, maker and village
    B8 The house presses its own button every five minutes, from door to wall (inside one machine)
    C1 One state machine; create or merge, never two
    C2 Priorities P1 to P4
    C3 Confirm and cancel window by source
    C4 A P1 is not closed without an outcome
    C5 Outcome codes
    D1 A gap-free live channel: numbers, resume, staleness shown
    D2 Presence is merged for slow walls, alarms never; ten thousand open are workable
    D3 The county's tree instead of points (first part)
    D4 One alarm, one owner, visible to all, released when its operator falls silent
    D5 Aging colours and sounds; no permanent mute; shape and text beside colour
    D6 One person, one card
    D7 A script by keys, each step with who and when
    D8 Several are told at second 0 (first part: the township follows at 120 s, as FIELD 7 plans)
    D9 Shift log and hand-over that both sign
    D11 A flood is said, folds away what can wait, calls the reserve, and ends by itself
    D14 A big screen without a name
    D10 Answer figures live on the wall, equal to a second computation
    C6 Alarms of one home confirm each other: fire and a press, a fall and nobody who moves; only ever more, never less
    C7 Nobody has moved by a person's hour: a P2, with away and hospital, a window of his own
    C10 Parameters of rules as versions: tried on the last 24 hours with the difference, hot, gone back to
    C8 A technical alarm that comes and goes is one alert with a count, flapping
    C11 Flows of a technician: they see and add, at most P2, and never touch an emergency's path
    C12 A radar's first fortnight is marked, and no test mode can be forgotten
    C9 Away, hospital, evacuated: an end for each, SOS always passes
    E1 The escalation clock is rows
    E2 Plans in seconds, by kind, priority, region, hour and risk; linted and priced
    E3 An auditor of its own re-derives from history what should have happened, and says what is missing
    E4 Outbox with receipts; a second gateway where the first does not take a message (first part)
    E5 Taken stops everywhere within a second
    E6 Taking by SMS reply and by keypress
    E7 Budgets per number that mirror the provider's windows, with a reserve for emergencies
    E8 Several responders: told, seen, promised, on the way, arrived, done
    E9 Rotations, layers, stand-ins, swaps, holidays, gaps of thirty days, a calendar
    E10 A village where nobody can be reached is seen before an alarm
    E11 Numbers are proven and mended; a duty number's opt-out is an alert, never silent
    E12 Contacts: what each agreed to holds from the next step on, in the queue, after a failure and at the desk; who withdrew is asked by nobody and his rung is no hole
    E13 Technical notices are bundled, apart from alarms
    E14 Calls: keys from the called leg only, in the callee's own speech, through message queues where nothing can come in
    F6 Acceptance of a device, each step with evidence from the store; no certificate without it
    F7 The life of a device: in stock, installed, replaced, lost, retired, moved, its SIM, each with its history; registered from a file
    F10 Beijing time shown, UTC stored, monotonic intervals
    G1 Two commands on a bare machine, same schema on TimescaleDB
    G5 Chaos with an independent checker, as a test
    G4 Several edges on one county: one connection per device, each replaceable
    G3 Metrics, health, one id from frame to receipt
    2.3 The certificate: a number, a PDF, a code that anybody checks; seven days decide whether it holds
    2.9 A code at the door: the hotline for a stranger, proof of arrival for who was sent, the work page for an installer
    2.15 What a vendor's cloud did not push is read from its history within ten minutes, once, with its age
    2.2 A roll-call after blindness: lists by risk, by text, page and paper, and a pack that opens without the house
    2.4 The village ring as data: who, how far on foot, with a key, with quiet hours
    2.5 A budget of messages as a resource: live, with a white list ranked by risk
    2.16 A drill with the real plan and people that reaches no family, no 120 and no 119
    2.17 Succession of contacts: three failures are a task
    2.14 Without a living wall the alarm itself goes out by text (盲打)
    2.10 Whom we could not have heard, and since when
    2.13 The script fits hearing, speech and memory (first part: the operator's)`) },
  { title: 'Invariants', rows: group(`
    I1 Every acknowledged event is a row
    I2 Every alarm event belongs to exactly one alert
    I3 No step is skipped; an open alert always has a next one
    I4 Nothing new is sent after it was taken, none after the close
    I5 No message ends silently: delivered, failed with the next way begun, withdrawn, or dry
    I6 An unknown outcome is sent again under the same id
    I7 A device's events are processed in order; a late one reopens nothing
    I8 After quiet every wall holds what the database holds
    I9 Memory, files and queues come back after a fault
    I10 The audit chain verifies, and names the first row that does not`) },
  { title: 'Faults', rows: group(`
    RF1 kill -9 of our processes at any moment
    RF2 kill -9 of the database
    RF3 The database is away: the spool, and people are called all the same
    RF4 A slow database, one query of half a minute, a locked table
    RF5 A commit whose outcome is unknown
    RF6 Full disks: of the database, of the spool, of the logs
    RF7 A disk that fails to keep what it was told to
    RF8 No queue or cache beside the database stands between the parts
    RF9 Partitions; two nodes that both think they lead
    RF10 A leader that is paused and comes back sends nothing with an old token
    RF11 Clocks that step by two hours, drift, summer time, leap seconds
    RF12 The gateway in every documented way
    RF13 Duplicate, out-of-order, late and future events; one id with two contents
    RF14 A reconnect storm
    RF15 Poisoned payloads
    RF16 One device that floods
    RF17 Slow and silent walls and subscribers
    RF18 A flow that loops, throws, leaks or floods
    RF19 A rolling restart and a migration while escalations run
    RF20 A soak: memory and files stay level
    RF21 Backup and restore
    RF22 A silent stop is found within a minute
    RF23 The house's own press of the button`) },
  { title: 'Security of the device doors', rows: group(`
    M1 No, wrong or somebody else's secret
    M2 No shared or default password
    M3 A flood of wrong logins delays no valid device, and locks nobody out
    M4 A reconnect storm does not meet a slow hash
    M5 Client id of another device
    M7 Publishing to foreign topics
    M8 Subscribing to foreign topics
    M9 256 MB announced before the login
    M10 Slow and half-open sockets
    M11 Oversized, half-open QoS 2, thousands of subscriptions, retained
    M15 A will on a foreign topic
    M18 A device that is revoked while connected is cut off within five seconds, on every door`) },
  { title: 'Security of the pages', rows: group(`
    W1 Cookie flags
    W2 No session is fixed, none outlives logout, disabling or a new password
    W3 Idle and absolute lifetime, never while an emergency is open
    W4 Session ids of 256 bits
    W5 No change by another site
    W6 The live channel from our own pages only
    W7 The live channel carries one's own region only, within bounds
    W8 Another region's rows are as if they were not there
    W9 Every route times every role; a route without a rule does not start
    W10 Fields are masked by role, in lists, logs and exports
    W11 Guessing meets counters that lock nobody else out
    W12 A second factor, each code once
    W13 The link in a text: unguessable, never accepted by a look, over when its case is
    W14 Forged replies and receipts change nothing
    W18 Requests to addresses inside, by flows and their redirects
    W22 Two people at once: one wins, the other is told`) },
  { title: 'Findings of the field', rows: group(`
    FF1 A claim only suspends the plan, two minutes without a step
    FF2 A courtesy reply is not a promise to go
    FF3 A human is proven, not a browser: vigilance by night
    FF4 A storm of offline rows is one incident
    FF5 Presumed unreachable: who shares the dead mast but is not yet due
    FF6 A person's last two calls of the hour are kept for another emergency
    FF7 A desk whose calls cannot take a key is told so; the plan works without keys
    FF8 The provider's white list is ranked by risk, and says who is outside
    FF9 An elder's plan is never refused: gaps are listed, village people are always on
    FF10 Desk first only for falls, without high risk, with a human proven at the desk
    FF20 A reply from an unknown number is shown on the case, never answered, bound by one click
    FF21 An opt-out of a duty number is detected, shown, and called instead
    FF11 Human-made alarms and fire first when radars reboot
    FF12 A second factor that never keeps the desk from an alarm
    FF13 On the telephone one short tone for what is new
    FF14 Numbers to dial by hand, result keys, emergencies asked once, calls that open the file
    FF15 An acceptance that can be done on site, by model; the rest is probation
    FF16 A test rings nobody by itself, is on the wall at once, and real when its installer does not answer
    FF17 A telephone without a trusted address: what does not work there is said; which paths may be public
    FF18 Demonstration data never reaches a real phone
    FF22 The silent emergency: a routine per person
    FF23 Numbers of the demonstration belong to nobody
    FF24 A restore loses no home that was fitted since the backup
    UI3.5 The installer's page: whole without a network, every press sent once
    UI3.4 The page of whoever goes: own list, presses and pictures without a network, refusals said, under 30 KB, without JavaScript
    FIELD5 The demonstration county: Datian with its people, homes, devices, as FIELD 5 says`) },
];
