/** Which dialog is asked for; their code comes when it is, or in good time before. */
import { signal } from '@preact/signals';

export const passwordOpen = signal(false);
/** The second factor, my PIN, another person for this seat, the answer figures. */
export const factorOpen = signal(false);
export const pinOpen = signal(false);
export const seatOpen = signal(false);
export const figuresOpen = signal(false);
/** Whom we cannot hear now: the people behind the number in the strip. */
export const unheardOpen = signal(false);
/** 声音: where it sounds, what it says. */
export const soundOpen = signal(false);
/** 成批认领: the alarms of devices that are meant; null: closed. */
export const bulk = signal<readonly string[] | null>(null);
type PhoneIn = { from: string; who: { id: string; label: string } | null };
/** 电话报警: what is known of who calls; null: closed. */
export const phoneIn = signal<PhoneIn | null>(null);
export const openPhoneIn = (prefill: PhoneIn = { from: '', who: null }): void => { phoneIn.value = prefill; };
