/** What the tests of notify need: rows in the outbox, a gateway as an object literal or the stand-in, the service started and stopped. */
import { newId, type AlertId, type Party } from '#core/ids.ts';
import type { MessageParams, TemplateName } from '#core/messages.ts';
import { standinProvider } from '#core/provider.ts';
import type { ChannelKind, Fate, Gateway, Message, Outcome } from '#notify/channels/channel.ts';
import { startSender, type SenderOptions } from '#notify/sender.ts';
import { createTrouble } from '#notify/trouble.ts';
import { createLog, type Logger } from '#ops/log.ts';
import { createMetrics } from '#ops/metrics.ts';
import { type ClaimedSend, type SendResult, saveSends } from '#store/outbox.ts';
import { insertOutbox } from '#store/outbox-insert.ts';
import type { Sql } from '#store/pool.ts';
import type { TestDatabase } from '#test/harness/db.ts';
import type { Loop } from '#work/loop.ts';

const params: MessageParams = { time: '02:13', place: '屏山乡内洋村下厝角12号', name: '陈', no: '27', kind: '按了求助', n: '3', who: '林建国', village: '内洋村', count: '2' };
export type RowOptions = { to?: string; template?: TemplateName; channel?: ChannelKind; priority?: number; demo?: boolean; alertId?: AlertId | null; purpose?: 'search' | 'desk' | 'notice'; party?: string; dueInS?: number; lastWay?: boolean; round?: number };

/** So that a hint is heard: a test must not pass only because of the poll. */
let listening: Promise<unknown> = Promise.resolve();

/** Inserts one message due now; its out id. */
export async function put(t: TestDatabase, o: RowOptions = {}): Promise<string> {
  const to = o.to ?? '15404250001';
  const outId = await t.db.tx(async (sql) => {
    const [made] = await insertOutbox(sql, t.seal, [{
      alertId: o.alertId ?? null, party: (o.party ?? 'responder:nobody') as Party, channel: o.channel ?? 'sms', template: o.template ?? (o.channel === 'voice' ? 'voice-p1' : 'sos'), params, to,
      toBidx: t.seal.blind('phone', to), priority: o.priority ?? 1, purpose: o.purpose ?? 'search', round: o.round ?? 0, step: 0, slip: 27, trace: newId('t', 8), demo: o.demo ?? true, lastWay: o.lastWay ?? false,
    }]);
    if (o.dueInS) await sql.query(`update outbox set due_at = anling_now() + $2 * interval '1 s' where out_id = $1`, [made, o.dueInS]);
    return made as string;
  });
  await listening;
  await t.db.query(`select pg_notify('anling_outbox', '')`);
  return outId;
}

export type StoredSend = {
  id: string; template: string; state: string; attempts: number; provider: string | null; provider_id: string | null; error_code: string | null; error_class: string | null;
  handled_at: number | null; accepted_at: number | null; done_at: number | null; lease_token: string; trace: string;
};
export async function row(t: TestDatabase, outId: string): Promise<StoredSend> {
  return (await t.db.query<StoredSend>('select * from outbox where out_id = $1', [outId]))[0]!;
}
export const saveSend = async (sql: Sql, send: Pick<ClaimedSend, 'id' | 'token'>, result: SendResult): Promise<string | null | undefined> => (await saveSends(sql, [{ send, result }]))[0];
export const state = async (t: TestDatabase, outId: string): Promise<string> => (await row(t, outId)).state;

export async function openAlert(t: TestDatabase, subject = newId('h', 6)): Promise<AlertId> {
  const [alert] = await t.db.query<{ id: AlertId }>(
    `insert into alert (kind, priority, state, subject_type, subject_id, opened_at, last_raised_at, trace, demo) values ('sos', 1, 'open', 'home', $1, anling_now(), anling_now(), 't', true) returning id`, [subject]);
  return alert!.id;
}

export type FakeGateway = Gateway & { sent: (Message & { channel: ChannelKind; plain: boolean })[] };
/** A gateway that notes what it was given and answers by `answer`. */
export function fakeGateway(answer: (message: Message, channel: ChannelKind, n: number) => Outcome | Promise<Outcome>, options: { name?: Gateway['name']; plain?: boolean; fate?: Fate } = {}): FakeGateway {
  const sent: FakeGateway['sent'] = [];
  const give = async (message: Message, channel: ChannelKind, plain: boolean): Promise<Outcome> => {
    sent.push({ ...message, channel, plain });
    return answer(message, channel, sent.length);
  };
  const channel = (kind: ChannelKind): Gateway['channels']['sms'] => ({
    kind, send: (m) => give(m, kind, false), sendPlain: (m) => (options.plain ? give(m, kind, true) : null), query: () => Promise.resolve(options.fate ?? { kind: 'not-found' }),
  });
  const name = options.name ?? 'standin';
  return { name, real: name !== 'standin', sent, channels: { sms: channel('sms'), voice: channel('voice') }, check: () => Promise.resolve({ missing: [], templates: [] }) };
}
export const accepted = (n: number | string = newId('', 6)): Outcome => ({ kind: 'accepted', providerId: `biz${n}` });

export type Sending = { loops: Loop[]; lines: string[]; log: Logger; stop(): Promise<void>; metrics: ReturnType<typeof createMetrics> };
/** The sender's lanes, without receipts; `lines` is its log. */
export function send(t: TestDatabase, gateway: Gateway | null, more: Partial<SenderOptions> = {}): Sending {
  const lines: string[] = [];
  const log = createLog('worker', 'info', (line) => { lines.push(line); });
  const metrics = createMetrics('worker');
  const loops = startSender({ urgentDb: t.db, db: t.db, seal: t.seal, log, metrics, gateway, settings: () => standinProvider, trouble: createTrouble(log, metrics), random: () => 0.5, ...more });
  const unlisten = t.db.listen(['anling_outbox'], () => { for (const loop of loops) loop.wake(); });
  listening = unlisten;
  return { loops, lines, log, metrics, async stop() { await (await unlisten)(); await Promise.all(loops.map((loop) => loop.stop())); } };
}
