/**
 * The open case: fetched when it is chosen and again at every change of it. Plain personal data is held only while the
 * case is open and only after somebody asked for it; choosing another case or hiding it forgets it.
 */
import { computed, effect, signal } from '@preact/signals';
import { get, post, type Problem } from '#wall/api/client.ts';
import type { CaseInFull, RevealedCase } from '#wall/api/case.ts';
import { keepCase, keptCase } from './away.ts';
import { selected } from './selection.ts';
import { mayAct } from './session.ts';
import { sayProblem } from './toast.ts';
import { live } from './wall.ts';

export type Part = 'contacts' | 'responders' | 'note' | 'close' | 'aside';

const loaded = signal<CaseInFull | null>(null);
/** The case as last fetched; null while it is fetched for the first time. */
export const openCase = computed(() => (loaded.value?.id === selected.value ? loaded.value : null));
export const caseProblem = signal<Problem | null>(null);
const plain = signal<RevealedCase | null>(null);
export const revealed = computed(() => (plain.value?.id === selected.value ? plain.value : null));
export const revealing = signal(false);
/** The close panel is open. */
export const closing = signal(false);
/** Something is being set aside: a sentence and an end are asked for. */
export const asking = signal<'shelve' | 'callback' | null>(null);
/** The party whose number is shown large. */
export const openParty = signal<string | null>(null);

/** The alert of the open case: what the live channel says wins over what was fetched. */
export const caseAlert = computed(() => live.value.alerts.get(selected.value ?? '') ?? openCase.value);

/** What a number key does: the script of the open case, whose code comes with it. */
export const script: { take(n: number): boolean } = { take: () => false };

let running: string | null = null;
let again = false;

/** Fetches the case `id` if it is the open one; at most one request runs, and a change meanwhile asks once more. */
export function refreshCase(id: string): void {
  if (selected.peek() !== id) return;
  if (running === id) { again = true; return; }
  running = id;
  again = false;
  void get<CaseInFull>(`/api/v1/alerts/${id}`).then((answer) => {
    if (running === id) running = null;
    if (selected.peek() !== id) return;
    if (answer.ok) { loaded.value = answer.value; caseProblem.value = null; keepCase(answer.value); } else if (keptCase(id)) { loaded.value = keptCase(id)?.full ?? null; } else if (loaded.peek()?.id !== id) caseProblem.value = answer.problem;
    if (again) refreshCase(id);
  });
}

/** Plain names, numbers and notes of the open case (audited on the server). */
export async function reveal(): Promise<void> {
  const id = selected.peek();
  if (id === null || revealing.peek() || !mayAct.peek()) return;
  revealing.value = true;
  const answer = await post<RevealedCase>(`/api/v1/alerts/${id}/reveal`);
  revealing.value = false;
  if (!answer.ok) sayProblem(answer.problem);
  else if (selected.peek() === id) plain.value = answer.value;
}
export function hide(): void { plain.value = null; }

/** Asks for the sentence and the end of what is set aside; true when it may be. */
export function setAside(what: 'shelve' | 'callback'): boolean {
  const alert = caseAlert.peek();
  if (alert === null || (what === 'shelve' && (alert.priority === 1 || alert.state === 'committed' || alert.state === 'arrived' || alert.state === 'closed'))) return false;
  closing.value = false;
  asking.value = what;
  return focusPart('aside');
}

/** Follows the selection and the live channel. */
export function startCase(): void {
  effect(() => {
    const id = selected.value;
    plain.value = null;
    closing.value = false;
    asking.value = null;
    openParty.value = null;
    caseProblem.value = null;
    if (id !== null) refreshCase(id);
  });
  let seen: unknown = null;
  effect(() => {
    const id = selected.value;
    const now = id === null ? null : live.value.alerts.get(id) ?? (live.value.closed.has(id) ? 'closed' : null);
    if (now === seen) return;
    seen = now;
    if (id !== null) refreshCase(id);
  });
}

/** Brings a part of the case under the hands; true when it is there. */
export function focusPart(part: Part): boolean {
  if (caseAlert.peek() === null) return false;
  if (part === 'close') { closing.value = true; asking.value = null; }
  requestAnimationFrame(() => requestAnimationFrame(() => {
    const area = document.querySelector<HTMLElement>(`[data-part="${part}"]`);
    const control = area?.querySelector<HTMLElement>('button:not(:disabled), input, textarea');
    area?.scrollIntoView({ block: 'nearest' });
    control?.focus();
  }));
  return true;
}
