/** The tables of the alarm path, as migrations/ have them: columns by their names there, times as epoch milliseconds, identities as text. */
import { type Rec, Table } from './memory.ts';

type Bytes = Buffer | null;
export type EventRow = Rec & {
  ingest_id: string; shard: number; urgency: number; device_id: string | null; home_id: string | null; person_id: string | null; room: string | null; source: string; kind: string; edge: string;
  source_event_id: string | null; ref: string | null; device_time: number | null; received_at: number; flags: string[]; confidence: number | null; data_enc: Bytes; trace: string;
  evaluated_at: number | null; result: string | null; alert_id: string | null; attempts: number; error: string | null;
};
export type AlertRow = Rec & {
  kind: string; priority: number; state: string; subject_type: string; subject_id: string; device_id: string | null; home_id: string | null; person_id: string | null; region_code: string | null;
  count: number; duplicate_count: number; version: number; state_version: number; opened_at: number; flags: string[]; claimed_at: number | null; claimed_by: string | null; claim_tab: string | null;
  last_step_at: number | null; committed_at: number | null; closed_by: string | null; closed_at: number | null; plan: { steps: unknown[] } | null; plan_state: string; plan_round: number; plan_step: number; demo: boolean;
};
export type LogRow = Rec & { alert_id: string; at: number; actor_type: string; actor_id: string; action: string; detail: Record<string, unknown>; note_enc: Bytes };
export type EngagementRow = Rec & {
  alert_id: string; party: string; state: string; notified_at: number | null; accepted_at: number | null; arrived_at: number | null; arrive_by: number | null; departed_at: number | null; updated_at: number;
};
export type SlipRow = Rec & { party: string; no: number; alert_id: string; code: string; created_at: number };
export type TimerRow = Rec & {
  alert_id: string | null; slot: string; due_at: number; payload: Record<string, unknown>; created_at: number; fired_at: number | null; cancelled_at: number | null; attempts: number; error: string | null;
};
export type OutboxRow = Rec & {
  out_id: string; alert_id: string | null; party: string; channel: 'sms' | 'voice'; template: string; params_enc: Buffer; to_enc: Buffer; to_bidx: Buffer; priority: number; round: number | null; step: number | null;
  slip: number | null; purpose: string; state: string; due_at: number; created_at: number; lease_until: number | null; lease_token: string; attempts: number; provider: string | null; provider_id: string | null;
  error_code: string | null; error_class: string | null; accepted_at: number | null; done_at: number | null; handled_at: number | null; sent_at: number | null; check_at: number | null; checks: number;
  withdrawn_at: number | null; trace: string; demo: boolean; dry: boolean; last_way: boolean; /** in memory only: whose lease it is */ holder: unknown;
};
export type ReplyRow = Rec & {
  dedupe: string; channel: string; from_enc: Buffer; from_bidx: Buffer; content_enc: Buffer; out_id: string | null; received_at: number; trace: string; evaluated_at: number | null; result: string | null; alert_id: string | null;
};
export type FeedRow = Rec & { at: number; type: string; alert_id: string | null; region_code: string | null; payload: { what: string; ring?: string } };
export type ResponderRow = Rec & {
  role: string; region_code: string; ord: number; name_enc: Buffer; phone_enc: Buffer; phone_bidx: Buffer; landline: boolean; key_holder: boolean; quiet_from: string | null; quiet_to: string | null; walk_minutes: number | null;
  opted_out_at: number | null; absent_until: number | null; verified_at: number | null; demo: boolean;
};
export type ContactRow = Rec & {
  person_id: string; ord: number; relation: string; name_enc: Buffer; phone_enc: Buffer; phone_bidx: Buffer; key_holder: boolean; walk_minutes: number | null; opted_out_at: number | null; absent_until: number | null; verified_at: number | null; demo: boolean;
};
export type PersonRow = Rec & { home_id: string | null; name_enc: Buffer; high_risk: boolean; risk_tags: string[]; mode: string | null; mode_until: number | null; status: string; demo: boolean };
export type HomeRow = Rec & { region_code: string; place_enc: Bytes; cell: string | null; power_area: string | null; mode: string | null; mode_until: number | null; demo: boolean };
export type DeviceRow = Rec & { model: string; home_id: string | null; person_id: string | null; room: string | null; cell: string | null; test_until: number | null; registered_at: number; demo: boolean };
export type ModelRow = Rec & { vendor: string; type: string; power: string; supervision_class: string; confirm_window_s: number; learning_days: number };

const hourMs = 3_600_000;
/** Not closed, not done: what the loops look for is found without a walk over what is past. */
export const makeTables = () => ({
  event: new Table<EventRow>('event', {
    queue: (e) => (e.evaluated_at === null ? String(e.shard) : null), waiting: (e) => (e.evaluated_at === null ? '' : null), device: (e) => e.device_id, ingest: (e) => e.ingest_id,
    same: (e) => (e.source_event_id === null ? null : `${e.device_id} ${e.source_event_id}`), trace: (e) => e.trace,
  }),
  alert: new Table<AlertRow>('alert', {
    open: (a) => (a.state === 'closed' ? null : ''), subject: (a) => (a.state === 'closed' ? null : `${a.subject_type} ${a.subject_id}`), device: (a) => (a.state === 'closed' ? null : a.device_id),
    home: (a) => (a.state === 'closed' ? null : a.home_id), about: (a) => `${a.subject_type} ${a.subject_id}`,
  }),
  alert_log: new Table<LogRow>('alert_log', { alert: (l) => l.alert_id }),
  engagement: new Table<EngagementRow>('engagement', { alert: (e) => e.alert_id, party: (e) => e.party }),
  slip: new Table<SlipRow>('slip', { party: (s) => s.party }),
  timer: new Table<TimerRow>('timer', {
    live: (t) => (t.fired_at === null && t.cancelled_at === null ? '' : null), alert: (t) => (t.fired_at === null && t.cancelled_at === null && t.alert_id !== null ? t.alert_id : null),
  }),
  outbox: new Table<OutboxRow>('outbox', {
    state: (o) => o.state, alert: (o) => o.alert_id, number: (o) => o.to_bidx.toString('hex'), call: (o) => (o.channel === 'voice' ? `${o.to_bidx.toString('hex')} ${Math.floor(o.created_at / hourMs)}` : null), out: (o) => o.out_id, provider: (o) => o.provider_id,
    unhandled: (o) => ((o.state === 'failed' || o.state === 'unknown' || (o.state === 'withdrawn' && o.error_code === 'local.CONSENT')) && o.handled_at === null ? '' : null), check: (o) => (o.check_at !== null && (o.state === 'accepted' || o.state === 'unknown') ? '' : null),
  }),
  reply: new Table<ReplyRow>('reply', { queue: (r) => (r.evaluated_at === null ? '' : null), dedupe: (r) => r.dedupe }),
  feed: new Table<FeedRow>('feed'), feed_counter: new Table<Rec & { seq: number }>('feed_counter'),
  responder: new Table<ResponderRow>('responder', { phone: (r) => r.phone_bidx.toString('hex') }), contact: new Table<ContactRow>('contact', { phone: (r) => r.phone_bidx.toString('hex') }),
  person: new Table<PersonRow>('person'), home: new Table<HomeRow>('home'), device: new Table<DeviceRow>('device'), device_model: new Table<ModelRow>('device_model'),
  region: new Table<Rec & { code: string; lat: number | null; lon: number | null }>('region'), app_user: new Table<Rec & { display_name: string }>('app_user'),
  presence: new Table<Rec>('presence'), plan: new Table<Rec>('plan'),
  console: new Table<Rec & { user_id: string; beat_at: number }>('console'), clock: new Table<Rec & { offset_ms: number; owed_ms: number }>('clock'),
});
export type Tables = ReturnType<typeof makeTables>;
