/**
 * 均溪镇，一键呼，未接警: what the county has recorded, said behind the tone of an emergency that nobody has taken for 30 s. It is fetched and read
 * in good time and never waited for: a part that is not there is left out, and without 未接警 there is the tone alone.
 */
import { computed, signal } from '@preact/signals';
import { voiceParts } from '#core/desk-voice.ts';
import type { EventKind } from '#core/event.ts';
import { get } from '#wall/api/client.ts';
import { decode, playRecorded } from './engine.ts';

const parts = signal<ReadonlyMap<string, AudioBuffer>>(new Map());
/** `none`: asked, and nothing that could be said is there. */
const state = signal<'unknown' | 'asked' | 'here'>('unknown');
export const hasNoVoice = computed(() => state.value === 'here' && !parts.value.has('unclaimed'));
/** How often something was said; tests read it. */
export const spoken = signal<readonly string[]>([]);
let fetchedAt = new Map<string, number>();

/** Fetches what is new; what fails is asked for at the next start of a shift. */
export async function fetchVoice(): Promise<void> {
  if (state.peek() === 'asked') return;
  state.value = 'asked';
  const list = await get<{ parts: readonly { part: string; updatedAt: number }[] }>('/api/v1/desk/voice');
  if (!list.ok) { state.value = parts.peek().size > 0 ? 'here' : 'unknown'; return; }
  const wanted = list.value.parts;
  const next = new Map([...parts.peek()].filter(([part]) => wanted.some((w) => w.part === part && w.updatedAt === fetchedAt.get(part))));
  for (const { part } of wanted) {
    if (next.has(part)) continue;
    const file = await get<{ data: string }>(`/api/v1/desk/voice/${part}`);
    const buffer = file.ok ? await decode(file.value.data) : null;
    if (buffer) next.set(part, buffer);
  }
  fetchedAt = new Map(wanted.map((w) => [w.part, w.updatedAt]));
  parts.value = next;
  state.value = 'here';
}

/** Says it after the burst that has just begun; false: there is nothing to say it with, or it is still being said. */
export function say(kind: EventKind, regionCode: string | null): boolean {
  const here = parts.peek();
  if (!here.has('unclaimed')) return false;
  const names = voiceParts(kind, regionCode).filter((part) => here.has(part));
  const done = playRecorded(names.flatMap((part) => here.get(part) ?? []), behindTheToneS);
  if (done) spoken.value = [...spoken.peek().slice(-9), names.join(' ')];
  return done;
}
/** The burst lasts 1.4 s. */
const behindTheToneS = 1.6;
