/** Telephone calls that come in, as the live channel tells them; which one this console has taken, with its number in plain text. */
import { computed, signal } from '@preact/signals';
import type { CallView } from '#core/live.ts';
import { post } from '#wall/api/client.ts';
import { t } from '#wall/i18n/text.ts';
import { go } from './route.ts';
import { select } from './selection.ts';
import { say, sayProblem } from './toast.ts';
import { live } from './wall.ts';

export const ringing = computed(() => live.value.calls.filter((c) => c.state === 'ringing'));
export const missed = computed(() => live.value.calls.filter((c) => c.state === 'missed'));
/** The call this console is on, until somebody says that it is over. */
export const onLine = signal<{ call: CallView; from: string | null } | null>(null);

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
  if (now.alertId !== null) { select(now.alertId); go('wall'); }
  else if (now.personId !== null) go('people', now.personId);
  else if (now.homeId !== null) go('homes', now.homeId);
}
