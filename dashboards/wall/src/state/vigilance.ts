/** A human at this console: notes every key and click, tells the server of new ones, and whether the desk is asked for one (值守确认). */
import { computed, signal } from '@preact/signals';
import { live } from './wall.ts';

/** Monotonic time of the last key or click, null when it was told already. */
let newInput: number | null = null;
/** Server time of the question that an input here has answered; the beat that takes it away is on its way. */
const answered = signal(0);
let tell: () => void = () => {};

/** The question that waits for somebody at this desk. */
export const question = computed(() => {
  const asked = live.value.beat?.vigilance;
  return asked && asked.askedAt > answered.value ? asked : null;
});

/** How long ago the new input was; null: none since this was asked last. */
export function takeInput(): number | null {
  const at = newInput;
  newInput = null;
  return at === null ? null : Math.max(0, Math.round(performance.now() - at));
}

/** Any key or click proves a human; a waiting question hears of it at once. */
function note(): void {
  newInput = performance.now();
  const asked = question.value;
  if (!asked) return;
  answered.value = asked.askedAt;
  tell();
}

/** Listens until the returned function is called; `beatNow` sends the beat that carries the answer. */
export function startVigilance(beatNow: () => void): () => void {
  tell = beatNow;
  const kinds = ['keydown', 'pointerdown'] as const;
  for (const kind of kinds) addEventListener(kind, note, { capture: true });
  return () => { for (const kind of kinds) removeEventListener(kind, note, { capture: true }); tell = () => {}; };
}
