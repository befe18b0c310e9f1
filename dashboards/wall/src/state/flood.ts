/** The flood at the desk (D11): while it lasts, what can wait is folded away on this wall, by itself; one press shows it, its end shows it again. */
import { computed, effect, signal } from '@preact/signals';
import { status } from './county.ts';

/** The house's figures of it; null: there is none. */
export const flood = computed(() => (status.value?.flood.active ? status.value.flood : null));
/** Somebody wants to see what is folded. */
export const unfolded = signal(false);
effect(() => { if (flood.value === null) unfolded.value = false; });
/** P3 and P4 that nobody has taken stand as one line. */
export const folded = computed(() => flood.value !== null && !unfolded.value);
