/** Telephone calls that come in, as the live channel tells them; which one this console has taken, with its number in plain text. */
import { computed, signal } from '@preact/signals';
import type { CallView } from '#core/live.ts';
import { post } from '#wall/api/client.ts';
import { t } from '#wall/i18n/text.ts';
import { go } from './route.ts';
import { select } from './selection.ts';
import { say, sayProblem } from './toast.ts';
import { live, serverNow } from './wall.ts';

export const ringing = computed(() => live.value.calls.filter((c) => c.state === 'ringing'));
export const missed = computed(() => live.value.calls.filter((c) => c.state === 'missed'));
/** The call this console is on, until somebody says that it is over. */
export const onLine = signal<{ call: CallView; from: string | null } | null>(null);

/** Longest conversation for which this console keeps its voice down; then it asks anew. */
const talkMs = 10 * 60_000;
const talkUntil = signal(0);
/** 通话中: somebody here is on the telephone, by a call that was answered here or because he says so. */
export const talking = computed(() => talkUntil.value > serverNow.value);
export function startTalking(): void { talkUntil.value = serverNow.peek() + talkMs; }
export function endTalking(): void { talkUntil.value = 0; onLine.value = null; }

const opening = new Set<string>();
/** 接听: the call leaves every strip; its case opens, else the file of who calls. One request however often it is pressed. */
export async function answer(call: CallView): Promise<void> {
  if (opening.has(call.id)) return;
  opening.add(call.id);
  const answered = await post<{ call: CallView; from: string | null; first: boolean }>(`/api/v1/calls/${call.id}/open`, {}, false).finally(() => opening.delete(call.id));
  if (!answered.ok) { sayProblem(answered.problem); return; }
  const { call: now, from, first } = answered.value;
  if (!first && now.openedByName) say(t('calls.by', { who: now.openedByName }));
  onLine.value = { call: now, from };
  startTalking();
  if (now.alertId !== null) { select(now.alertId); go('wall'); }
  else if (now.personId !== null) go('people', now.personId);
  else if (now.homeId !== null) go('homes', now.homeId);
}
