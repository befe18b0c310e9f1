/** Short words about what just happened, good or bad; they leave by themselves, the bad ones later. */
import { signal } from '@preact/signals';
import type { Problem } from '#wall/api/client.ts';
import { problemText } from '#wall/shell/problem.ts';

export type Toast = { id: number; text: string; bad: boolean };
export const toasts = signal<readonly Toast[]>([]);
let next = 1;

function show(text: string, bad: boolean): void {
  const toast = { id: next++, text, bad };
  toasts.value = [...toasts.value.slice(-3), toast];
  setTimeout(() => { toasts.value = toasts.value.filter((other) => other.id !== toast.id); }, bad ? 9_000 : 3_500);
}
export const say = (text: string): void => show(text, false);
export const sayProblem = (problem: Problem): void => show(problemText(problem), true);
export const sayBad = (text: string): void => show(text, true);
