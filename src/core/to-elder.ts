/**
 * What the elder hears of it (docs/decisions, "words to the elder"): from the change of a case to a word, from a word to commands.
 * A claim says that the call was heard, a commitment that somebody comes; nothing else promises anything, and a promise that no
 * longer holds is taken back. Pure; alerts/apply.ts writes the commands in the transaction of the change.
 */
import type { Alert } from './alert.ts';
import type { Case } from './change.ts';
import type { EventKind } from './event.ts';

export type ElderWord = 'taken' | 'coming' | 'searching' | 'over';
export type LedMode = 'off' | 'slow' | 'steady';
type Told = Pick<Case, 'engagements'> & { alert: Pick<Alert, 'state' | 'committedHow' | 'priority' | 'subject'> };

/** Those in need themselves; what is wrong with a region, a device's power or the house is nobody's to be comforted about. */
const alone: ReadonlySet<string> = new Set(['person', 'room', 'home', 'device']);

/** The word that this change of the case calls for; null: none. */
export function wordToElder(before: Told, after: Told): ElderWord | null {
  if (after.alert.priority !== 1 || !alone.has(after.alert.subject.type)) return null;
  if (after.alert.state === 'closed') return before.alert.state === 'closed' ? null : 'over';
  const was = promiseOf(before);
  const is = promiseOf(after);
  if (is === 'coming') return was === 'coming' ? null : 'coming';
  if (is === 'taken') return was === 'none' ? 'taken' : null;
  // Back in the search: "we have heard you" still holds, "somebody comes" only while somebody is still on the way or there.
  return was === 'coming' && !somebody(after) ? 'searching' : null;
}

/** What somebody in that home may believe. Contact by telephone is no arrival: then nobody has been promised. */
function promiseOf(c: Told): 'none' | 'taken' | 'coming' {
  switch (c.alert.state) {
    case 'confirming': case 'open': case 'closed': return 'none';
    case 'claimed': return 'taken';
    case 'committed': return somebody(c) || !(c.alert.committedHow ?? '').startsWith('contact') ? 'coming' : 'taken';
    case 'arrived': return 'coming';
  }
}

const somebody = (c: Told): boolean => [...c.engagements.values()].some((e) => (e.state === 'accepted' && e.arriveBy !== null) || e.state === 'arrived' || e.state === 'need-help');

const fire: ReadonlySet<EventKind> = new Set(['smoke', 'gas']);
const texts: Record<Exclude<ElderWord, 'over'>, { help: string; fire: string }> = {
  taken: { help: '已收到您的求助，正在处理', fire: '已收到报警，正在处理，请先离开屋子' },
  coming: { help: '已有人赶来，请不要着急', fire: '已有人赶来，请在屋外等候' },
  searching: { help: '正在继续为您找人，请不要着急', fire: '正在继续找人，请在屋外等候' },
};
const lights: Record<ElderWord, LedMode> = { taken: 'slow', coming: 'steady', searching: 'slow', over: 'off' };

/** What the voice says, for devices that speak themselves; those with recordings choose by word and language. Null: nothing is said. */
export const spokenToElder = (word: ElderWord, kind: EventKind): string | null => (word === 'over' ? null : texts[word][fire.has(kind) ? 'fire' : 'help']);
export const lightToElder = (word: ElderWord): LedMode => lights[word];
