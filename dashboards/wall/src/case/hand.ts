/** When a case must be dialled by hand, and whom: the last rung of every plan, after its round came to nothing or when no message leaves. */
import type { AlertView } from '#core/live.ts';
import type { Candidate, CaseInFull, Message } from '#wall/api/case.ts';

export type HandRow = { who: Candidate; /** the newest of each channel that went to him */ tried: Message[]; /** what the operator noted of the last call by hand */ noted: { at: number; text: string } | null };
export type HandList = { why: 'nobody' | 'unsent'; rows: HandRow[] };

const lost: ReadonlySet<string> = new Set(['failed', 'unknown']);

/** Null while the house's own ways go on. Near ones first, who is away last, and behind them who withdrew consent (a human decides); nobody who said no, or who goes. No row moves when it was dialled. */
export function handList(alert: AlertView, full: CaseInFull | null, candidates: readonly Candidate[], now: number): HandList | null {
  if (full === null || (alert.state !== 'open' && alert.state !== 'claimed')) return null;
  const sent = full.messages.filter((m) => m.state !== 'withdrawn');
  const why = alert.flags.includes('nobody-answered') ? 'nobody' : sent.length > 0 && sent.every((m) => lost.has(m.state)) ? 'unsent' : null;
  if (why === null) return null;
  const answered = new Map(full.engagements.map((e) => [e.party, e.state]));
  const out: ReadonlySet<string> = new Set(['declined', 'accepted', 'arrived', 'done']);
  const rows = candidates.filter((c) => c.phone !== '' && !out.has(answered.get(c.party) ?? '')).map((who): HandRow => ({
    who, tried: (['sms', 'voice'] as const).flatMap((channel) => full.messages.filter((m) => m.party === who.party && m.channel === channel).slice(-1)), noted: notedOf(full, who.party),
  }));
  const away = (c: Candidate): number => (c.withdrawn ? 2 : c.absentUntil !== null && c.absentUntil > now ? 1 : 0);
  return { why, rows: rows.sort((a, b) => away(a.who) - away(b.who)) };
}

function notedOf(full: CaseInFull, party: string): HandRow['noted'] {
  const step = full.timeline.filter((e) => e.action === 'step' && e.detail['party'] === party).at(-1);
  return step ? { at: step.at, text: step.note ?? '' } : null;
}
