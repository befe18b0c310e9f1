/** What the API says of an alert: the view of core/live.ts as a schema, the alert in full, and the revealed case. */
import { type Static, Type } from 'typebox';
import type { AlertView } from '#core/live.ts';
import { commandNames, commandStates } from '#store/commands.ts';
import { AlertIdText, EpochMs, KindName, Nullable, OneOf, Shape, StateName } from './schemas.ts';

const Text = Type.String();
const NullableText = Nullable(Text);
const NullableTime = Nullable(EpochMs);
const Count = Type.Integer();

export const Alert = Shape({
  id: AlertIdText, kind: KindName, priority: Type.Union([Type.Literal(1), Type.Literal(2), Type.Literal(3), Type.Literal(4)]), state: StateName, version: Count,
  subject: Shape({ type: Text, id: Text, name: Nullable(Type.String({ description: 'masked' })) }),
  place: NullableText, regionCode: NullableText, town: NullableText, village: NullableText, lat: Nullable(Type.Number()), lon: Nullable(Type.Number()),
  deviceId: NullableText, homeId: NullableText, personId: NullableText, count: Count, duplicateCount: Count,
  openedAt: EpochMs, occurredAt: NullableTime, lastRaisedAt: EpochMs, flags: Type.Array(Text), claimedBy: NullableText, claimedByName: NullableText, claimedAt: NullableTime,
  lastStepAt: NullableTime, committedAt: NullableTime, committedHow: NullableText, arrivedAt: NullableTime, closedAt: NullableTime, outcome: NullableText,
  planState: Text, planRound: Count, planStep: Count, nextDueAt: NullableTime, nextDueSlot: NullableText, summary: Type.Object({}, { additionalProperties: true }), demo: Type.Boolean(),
});
// Both sides must stay one: the schema is checked against the frames' type.
type Same<A, B> = keyof A extends keyof B ? (keyof B extends keyof A ? true : never) : never;
true satisfies Same<Static<typeof Alert>, AlertView>;

const Candidate = Shape({
  party: Text, role: Text, name: Text, phone: Text, near: OneOf(['home', 'village', 'town', 'county']), keyHolder: Type.Boolean(), walkMinutes: Nullable(Count), languages: Type.Array(Text),
  landline: Type.Boolean(), absentUntil: NullableTime, optedOut: Type.Boolean(), withdrawn: Type.Boolean({ description: '撤回同意: not to be dispatched; a human may dial by hand' }),
  lastArrivedAt: Nullable(EpochMs), lastPositionAt: Nullable(Type.Number({ description: 'when the telephone last said where it was, of any case' })),
  link: Nullable(Type.String({ description: 'their own page for this alert, to be passed on; only in a revealed case' })),
}, 'who can be sent; names and numbers are masked unless the case is revealed');

export const CommandView = Shape({
  id: Text, deviceId: Text, alertId: NullableText, name: OneOf(commandNames), say: Nullable(OneOf(['taken', 'coming', 'searching', 'over'], 'the word to the elder')), text: NullableText,
  state: OneOf(commandStates, '`acknowledged`: the device has it; `replied`: it says it is done'), room: NullableText, by: Text, attempts: Count,
  createdAt: EpochMs, acknowledgedAt: NullableTime, doneAt: NullableTime, expiresAt: EpochMs,
});

export const AlertInFull = Shape({
  ...Alert.properties,
  timeline: Type.Array(Shape({
    id: Text, at: EpochMs, actorType: Text, actorId: Text, actorName: NullableText, action: Text, detail: Type.Object({}, { additionalProperties: true }), note: NullableText,
  })),
  engagements: Type.Array(Shape({
    party: Text, state: Text, role: NullableText, name: NullableText, phone: NullableText, notifiedAt: NullableTime, acceptedAt: NullableTime, departedAt: NullableTime, arrivedAt: NullableTime, arriveBy: NullableTime, updatedAt: EpochMs,
    position: Nullable(Shape({ at: EpochMs, lat: Type.Number(), lon: Type.Number(), accuracyM: Count, awayM: Nullable(Type.Integer({ description: 'metres from the place of the alert' })) }, 'where the telephone was after 到了, WGS84; only for those who act')),
  })),
  messages: Type.Array(Shape({
    id: Text, outId: Text, party: Text, channel: Text, template: Text, state: Text, to: Type.String({ description: 'masked' }), round: Nullable(Count), step: Nullable(Count),
    dueAt: EpochMs, acceptedAt: NullableTime, doneAt: NullableTime, attempts: Count, errorCode: NullableText,
  })),
  commands: Type.Array(CommandView, { description: 'what the elder was told through devices, and whether it arrived' }),
  due: Type.Array(Shape({ slot: Text, dueAt: EpochMs }), { description: 'timers that will act on the alert by themselves' }),
  candidates: Type.Array(Candidate),
});

export const Revealed = Shape({
  id: AlertIdText,
  person: Nullable(Shape({
    id: Text, name: Text, phone: NullableText, sex: NullableText, birthYear: Nullable(Count), living: NullableText, ability: NullableText, category: Type.Array(Text), riskTags: Type.Array(Text),
    highRisk: Type.Boolean(), language: NullableText, hearing: NullableText, healthNote: NullableText, note: NullableText,
  })),
  home: Nullable(Shape({
    id: Text, address: Text, place: Text, landmark: NullableText, roadEnd: NullableText, walkMinutes: Nullable(Count), keyWith: NullableText, dog: Type.Boolean(),
    lat: Nullable(Type.Number()), lon: Nullable(Type.Number()), crs: Text,
  })),
  candidates: Type.Array(Candidate),
});
