/**
 * The sender: claims due outbox rows, guards them, hands them to the gateway, saves what is known (law 6: sending is
 * at-least-once). A crash or a lost answer leaves a row whose lease runs out; it is sent again under the same out_id, so a
 * crash costs at most one duplicate. It never decides who is next: failures stand in the row until the alert path reacts.
 */
import { consentCode } from '#core/consent.ts';
import { OperatingError } from '#core/errors.ts';
import { limits } from '#core/limits.ts';
import type { MessageParams, TemplateName } from '#core/messages.ts';
import type { Monotonic } from '#core/clock.ts';
import { alarmTemplates, type ProviderSettings, spareText, technicalNotices } from '#core/provider.ts';
import type { Logger } from '#ops/log.ts';
import type { Metrics } from '#ops/metrics.ts';
import { bundleNotices, claimSends, type ClaimedSend, respell, type NumberFacts, numberFacts, saveSends, type SendResult, type SendToSave } from '#store/outbox.ts';
import { type Db, withRetry } from '#store/pool.ts';
import type { Seal } from '#store/seal.ts';
import { Batcher } from '#work/batcher.ts';
import type { Loop } from '#work/loop.ts';
import { type Breaker, createBreaker } from './breaker.ts';
import type { ChannelKind, Gateway, Message, Outcome, Refusal } from './channels/channel.ts';
import { guardGateway, guardNumber } from './guards.ts';
import { startLane } from './lane.ts';
import type { Trouble } from './trouble.ts';

export type SenderOptions = {
  /** Connections of the emergencies' lanes, and of the rest. */ urgentDb: Db; db: Db; seal: Seal; log: Logger; metrics: Metrics;
  /** Null: none is configured; every message fails at once, loudly. */ gateway: Gateway | null;
  /** Nothing is claimed meanwhile. */ held?: () => boolean;
  settings(): ProviderSettings; trouble: Trouble; monotonic?: Monotonic; random?(): number;
};
type Instruments = ReturnType<typeof instruments>;
type Work = SenderOptions & { counts: Instruments; breaker: Breaker; monotonic: Monotonic; random(): number; save(item: SendToSave): Promise<string | null> };
type Taken = { send: ClaimedSend; facts: NumberFacts; claimedAt: number };

const channels: readonly ChannelKind[] = ['sms', 'voice'];
/** A provider that wants us to wait longer than this is failed over instead. */
const waitMsMax = 5_000;
const backoffMs = 400;
/** Outcomes that come together are saved together: one commit instead of many. */
const saveMs = 3;
const saveRows = 64;
/** Half a second apart at most: about as long as a lease lasts, for a row that is not saved is sent twice. */
const saveTries = 24;
const nothing: NumberFacts = { optedOut: false, listed: false, sms1m: 0, sms1h: 0, sms24h: 0, smsAll: 0, spare24h: 0, voice1m: 0, voice1h: 0, voice24h: 0, notices: [], waiting: 0 };

const instruments = (metrics: Metrics) => ({
  sent: metrics.counter('sends', 'Messages handed to the gateway, by what is known of them', ['channel', 'outcome']),
  refused: metrics.counter('sends_refused', 'Messages that failed, by code', ['channel', 'code']),
  callMs: metrics.histogram('send_ms', 'Milliseconds of one call of the gateway', [20, 50, 100, 250, 500, 1_000, 2_500, 5_000], ['channel']),
  waitMs: metrics.histogram('send_wait_ms', 'Milliseconds from the insert of a message to its acceptance', [50, 100, 250, 500, 1_000, 2_000, 5_000, 15_000, 60_000], ['priority']),
  lost: metrics.counter('send_leases_lost', 'Outcomes not saved because the lease was lost', ['channel']),
});

/** Starts four lanes: emergencies and the rest, by SMS and by voice. */
export function startSender(options: SenderOptions): Loop[] {
  const counts = instruments(options.metrics);
  const monotonic = options.monotonic ?? (() => performance.now());
  const random = options.random ?? Math.random;
  const breaker = createBreaker({ ...options, monotonic });
  return channels.flatMap((channel) => [true, false].map((urgent) => {
    const on = urgent ? options.urgentDb : options.db;
    const saver = new Batcher<SendToSave, string | null>({ maxMs: saveMs, maxRows: saveRows, write: (items) => withRetry(saveTries, () => saveSends(on, items)) });
    const work: Work = { ...options, counts, breaker, monotonic, random, save: (item) => saver.add(item) };
    const name = `send ${channel}${urgent ? ' p1' : ''}`;
    return startLane<Taken>({
      name, places: urgent ? limits.sendUrgent : limits.sendOther,
      claim: (rows) => take(work, on, { channel, fromPriority: urgent ? 1 : 2, toPriority: urgent ? 1 : 9, rows }),
      work: (taken) => sendOne(work, taken).catch((error: unknown) => {
        // The row keeps its lease and is claimed again when that ends.
        const { id, trace } = taken.send;
        options.log.error({ outboxId: id, trace, code: (error as { code?: string }).code, error: error instanceof OperatingError ? error.message : (error as Error).name }, 'sending one message broke');
      }),
      onError: (error, inARow) => { if (inARow === 1 || inARow % 20 === 0) options.log.warn({ lane: name, inARow, error: (error as Error).message }, 'claiming messages failed'); },
    });
  }));
}

/** Another text that says the same, when only this one's day is used up and that one's is not. */
function spareFor(send: ClaimedSend, seen: NumberFacts, budget: ProviderSettings['budget']): TemplateName | undefined {
  const template = send.priority === 1 && send.channel === 'sms' && !send.lastWay ? spareText[send.template] : undefined;
  if (template === undefined || guardNumber(send, seen, budget)?.code !== 'local.SMS_DAY') return undefined;
  return guardNumber({ ...send, template }, { ...seen, sms24h: seen.spare24h }, budget) === null ? template : undefined;
}

const isNotice = (send: ClaimedSend): boolean => send.channel === 'sms' && send.priority > 2 && technicalNotices.has(send.template);

/** Claims, with what is known of the numbers, in one transaction; technical notices whose time has come take along what else waits for their number. */
async function take(work: Work, on: Db, claim: { channel: ChannelKind; fromPriority: number; toPriority: number; rows: number }): Promise<Taken[]> {
  const claimedAt = work.monotonic();
  return on.tx(async (sql) => {
    if (work.held?.()) return [];
    const sends = await claimSends(sql, { ...claim, leaseMs: limits.sendLeaseMs, gateway: work.gateway?.name ?? 'none' });
    const facts = await numberFacts(sql, sends.map((send) => send.id));
    const taken: Taken[] = [];
    const bundled = new Set<string>();
    for (const send of sends) {
      if (bundled.has(send.id)) continue;
      const seen = facts.get(send.id) ?? nothing;
      const beside = sends.filter((other) => other !== send && !other.withdrawn && isNotice(other) && other.toBidx.equals(send.toBidx)).map((other) => other.id);
      const bundle = isNotice(send) && !send.withdrawn && seen.waiting + beside.length > 0 && guardNumber(send, seen, work.settings().budget) === null;
      for (const id of bundle ? beside : []) bundled.add(id);
      const spare = bundle || send.withdrawn ? undefined : spareFor(send, seen, work.settings().budget);
      if (spare) taken.push({ send: await respell(sql, send, spare), claimedAt, facts: { ...seen, sms24h: seen.spare24h } });
      else taken.push({ send: bundle ? await bundleNotices(sql, work.seal, send, beside) : send, claimedAt, facts: seen });
    }
    return taken;
  });
}

async function sendOne(work: Work, { send, facts, claimedAt }: Taken): Promise<void> {
  const early = beforeSending(work, send, facts);
  if (early) return save(work, send, early);
  const message = open(work, send);
  const channel = work.gateway?.channels[send.channel];
  if (!message || !channel) return save(work, send, { state: 'failed', code: 'local.UNREADABLE', class: 'P' });
  // Only what was never tried: of a second try nobody knows whether the first has gone out.
  if (send.attempts === 1 && !work.breaker.admits(send.channel)) return save(work, send, { state: 'failed', code: 'local.SILENT', class: 'F' });
  // A process that was held (stopped, swapped out) since the claim has lost its lease: somebody else sends this one.
  if (work.monotonic() - claimedAt > limits.sendLeaseMs - limits.sendMs) { work.counts.lost.inc({ channel: send.channel }); return; }
  const began = work.monotonic();
  const first = await channel.send(message);
  // A text the provider will not take is said once more without variables: a poor alarm is better than none.
  const outcome = first.kind === 'rejected' && first.scope === 'message' && alarmTemplates.has(send.template) ? (await channel.sendPlain(message)) ?? first : first;
  const ms = Math.round(work.monotonic() - began);
  work.counts.callMs.observe({ channel: send.channel }, ms);
  work.trouble.note(send.channel, outcome);
  work.breaker.note(send.channel, outcome);
  await save(work, send, resultOf(outcome, send, work.random), ms);
}

/** What is known without asking the gateway; null: send it. */
function beforeSending(work: Work, send: ClaimedSend, facts: NumberFacts): SendResult | null {
  if (send.dry) return { state: 'dry' };
  if (send.withdrawn) return { state: 'withdrawn', ...(send.withdrawn === 'consent' ? { code: consentCode, class: 'P' } : {}) };
  // Only crashes lead here: every answered try is bounded by its own code's retries.
  if (send.attempts > limits.sendAttempts) return { state: 'unknown', code: 'local.ATTEMPTS', class: 'F' };
  const guarded = { channel: send.channel, to: readNumber(work, send), demo: send.demo, provider: send.provider };
  if (guarded.to === '') return { state: 'failed', code: 'local.UNREADABLE', class: 'P' };
  const barred = guardGateway(guarded, work.gateway) ?? guardNumber(send, facts, work.settings().budget);
  if (barred?.waitMs !== undefined && send.ageMs < limits.budgetGiveUpMs) return { state: 'due', code: barred.code, class: barred.class, againMs: barred.waitMs, held: true };
  if (send.lastWay && !barred) work.log.warn({ outboxId: send.id, alertId: send.alertId, channel: send.channel, trace: send.trace }, 'the last way left: sent whatever its number’s budget says');
  return barred && { state: 'failed', code: barred.code, class: barred.class };
}

function readNumber(work: Work, send: ClaimedSend): string {
  try { return work.seal.open('outbox.to', send.toEnc); } catch { return ''; }
}

function open(work: Work, send: ClaimedSend): Message | null {
  try {
    const params = JSON.parse(work.seal.open('outbox.params', send.paramsEnc)) as MessageParams;
    return { outId: send.outId, to: work.seal.open('outbox.to', send.toEnc), template: send.template, params, languages: send.languages, kind: send.kind };
  } catch {
    return null;
  }
}

/** The row's next state by what the gateway said. */
function resultOf(outcome: Outcome, send: Pick<ClaimedSend, 'attempts'>, random: () => number = Math.random): SendResult {
  if (outcome.kind === 'accepted') return { state: 'accepted', providerId: outcome.providerId, checkMs: limits.receiptMs };
  if (outcome.kind === 'unknown') return { state: 'unknown', code: outcome.code, class: 'U', checkMs: limits.receiptMs };
  if (outcome.class !== 'R') return { state: 'failed', code: outcome.code, class: outcome.class };
  const againMs = pause(outcome, send.attempts, random);
  if (send.attempts <= outcome.retries && send.attempts < limits.sendAttempts && againMs <= waitMsMax) return { state: 'due', code: outcome.code, class: 'R', againMs };
  if (outcome.endsAs === 'U') return { state: 'unknown', code: outcome.code, class: 'U', checkMs: limits.receiptMs };
  return { state: 'failed', code: outcome.code, class: outcome.endsAs };
}

function pause(refusal: Refusal, attempts: number, random: () => number): number {
  return refusal.retryAfterMs ?? Math.round(backoffMs * 2 ** (attempts - 1) * (0.5 + random()));
}

async function save(work: Work, send: ClaimedSend, result: SendResult, ms?: number): Promise<void> {
  const { channel } = send;
  const state = await work.save({ send, result });
  const fields = { outboxId: send.id, outId: send.outId, alertId: send.alertId, trace: send.trace, channel, template: send.template, attempt: send.attempts, code: result.code, providerId: result.providerId, ms };
  if (state === null) {
    work.counts.lost.inc({ channel });
    return work.log.warn(fields, 'message outcome not saved: the lease was lost');
  }
  work.counts.sent.inc({ channel, outcome: result.state });
  if (result.code !== undefined) work.counts.refused.inc({ channel, code: result.code });
  if (result.state === 'accepted') work.counts.waitMs.observe({ priority: String(send.priority) }, send.ageMs + (ms ?? 0));
  work.log[result.state === 'accepted' || result.state === 'withdrawn' || result.state === 'dry' || result.held === true ? 'info' : 'warn']({ ...fields, class: result.class }, `message ${state}`);
}
