/**
 * Searching the desk (/): alerts by device, case number, place or kind from what is here; by name, initials or number of the person from
 * the house, which alone can read names. Nothing that is typed is kept, and no emergency is ever hidden by it.
 */
import { computed, signal } from '@preact/signals';
import { get } from '#wall/api/client.ts';
import { kindName } from '#wall/i18n/text.ts';
import { live } from './wall.ts';

/** What is typed; null: nobody searches. */
export const searching = signal<string | null>(null);
/** People the text means, with the text they were asked for; at most `peopleMax`, `more` when the house knows others. */
const people = signal<{ text: string; ids: ReadonlySet<string>; more: boolean }>({ text: '', ids: new Set(), more: false });
const peopleMax = 200;
/** The house is asked when nobody has typed for so long. */
const restMs = 180;

/** Ids of the alerts that are meant; null: nothing is searched. */
export const matches = computed<ReadonlySet<string> | null>(() => {
  const text = (searching.value ?? '').trim().toLowerCase();
  if (text === '') return null;
  const ids = people.value.text === text ? people.value.ids : new Set<string>();
  const found = new Set<string>();
  for (const a of live.value.alerts.values()) {
    const here = a.id === text || (a.personId !== null && ids.has(a.personId)) || (a.subject.type === 'person' && ids.has(a.subject.id))
      || [a.deviceId, a.subject.name, a.town, a.village, a.place, kindName(a.kind)].some((word) => word?.toLowerCase().includes(text) ?? false);
    if (here) found.add(a.id);
  }
  return found;
});
/** More people fit than were looked at: the search should be narrower. */
export const tooMany = computed(() => people.value.more && people.value.text === (searching.value ?? '').trim().toLowerCase());

let timer: ReturnType<typeof setTimeout> | null = null;
/** Takes what is typed; null ends the search. */
export function search(text: string | null): void {
  searching.value = text;
  if (timer) clearTimeout(timer);
  const asked = (text ?? '').trim();
  if (asked.length < 2) return;
  timer = setTimeout(() => void get<{ people: readonly { id: string }[]; next: string | null }>(`/api/v1/people?limit=${peopleMax}&q=${encodeURIComponent(asked)}`).then((answer) => {
    if (answer.ok && searching.peek()?.trim() === asked) people.value = { text: asked.toLowerCase(), ids: new Set(answer.value.people.map((p) => p.id)), more: answer.value.next !== null };
  }), restMs);
}
