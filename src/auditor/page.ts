/**
 * The auditor's own way to the duty line: when it has found something stuck and no worker takes up what the desk should be told, it
 * rings the leaders itself, one after the other, past the outbox (which may be what is stuck). Bounded, on record before the gateway is
 * asked, and under the same guards: a demonstration's leaders are rung by the stand-in only.
 */
import { type Finding, summarize } from '#core/findings.ts';
import { limits } from '#core/limits.ts';
import type { TemplateName } from '#core/messages.ts';
import type { Logger } from '#ops/log.ts';
import type { Metrics } from '#ops/metrics.ts';
import { beginPage, type DutyLine, endPage, type PageState, readPageState, untakenMs } from '#store/findings.ts';
import type { Db } from '#store/pool.ts';
import type { Seal } from '#store/seal.ts';
import { steady } from '#work/steady.ts';

export type PageCall = (message: { channel: 'voice'; outId: string; to: string; template: TemplateName; params: Record<string, string>; demo: boolean }) => Promise<{ state: 'accepted' | 'failed' | 'unknown'; code: string | null }>;
export type PagerOptions = { db: Db; seal: Seal; log: Logger; metrics: Metrics; call: PageCall | null; monotonic(): number };

/** Its own words first; where the provider has not approved them yet, those that every county needs anyway. */
const wordings: readonly { template: TemplateName; params: Record<string, string> }[] = [{ template: 'voice-audit', params: {} }, { template: 'voice-desk', params: { n: '1' } }];

/** Called after each look with what is stuck. */
export function createPager(options: PagerOptions): (stuck: readonly Finding[]) => Promise<void> {
  const { db, log } = options;
  const pages = options.metrics.counter('audit_pages_total', 'Calls of the auditor itself, past the worker', ['result']);
  const long = steady<string>(limits.auditPageMs, options.monotonic);
  return async (stuck) => {
    const why = long(stuck.length > 0 && await untakenMs(db) !== null ? summarize(stuck).map(({ kind }) => kind).join(' ') : null);
    if (why === null || options.call === null) return;
    const whom = next(await readPageState(db));
    if (whom === null) return;
    const result = await ring(options, options.call, whom, why);
    pages.inc({ result });
    log.error({ party: whom.party, why, result }, 'no worker takes up what the audit found: its leader is called');
  };
}

/** The first leader who was not called lately; null while the last call is young, or so many were made. */
function next({ now, lines, times }: PageState): DutyLine | null {
  if (times.length >= limits.auditPagesPerHour || (times[0] !== undefined && now - times[0] < limits.auditPageNextMs)) return null;
  return lines.find((l) => l.lastAt === null || now - l.lastAt > limits.auditPageAgainMs) ?? null;
}

async function ring({ db, seal }: PagerOptions, call: PageCall, whom: DutyLine, why: string): Promise<string> {
  let result = 'failed';
  for (const { template, params } of wordings) {
    const outId = await beginPage(db, { party: whom.party, template, why, demo: whom.demo });
    const sent = await call({ channel: 'voice', outId, to: seal.openIfReadable('responder.phone', whom.phoneEnc) ?? '', template, params, demo: whom.demo });
    await endPage(db, outId, sent.state, sent.code);
    result = sent.state;
    if (sent.state !== 'failed') break; // of unknown outcome it may be ringing
  }
  return result;
}
