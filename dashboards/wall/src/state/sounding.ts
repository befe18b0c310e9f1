/** Drives the loudspeaker: feeds what is open to the ladder and plays what it says. Owns the mute and the start of the shift. */
import { effect, signal } from '@preact/signals';
import type { AlertView } from '#core/live.ts';
import { post } from '#wall/api/client.ts';
import { mustRing } from '#wall/queue/order.ts';
import { climb, isMuted, mute, quietLadder } from '#wall/sound/ladder.ts';
import { fetchVoice, say as sayIt } from '#wall/sound/voice.ts';
import { audioState, playTone, prepareAudio, unlockAudio } from '#wall/sound/engine.ts';
import { talking } from './calls.ts';
import { badge, shift, startDuty, takePost, tellOutside } from './duty.ts';
import { mayAct } from './session.ts';
import { question } from './vigilance.ts';
import { isDead, live, openAlerts, rings, serverNow, unclaimedP1 } from './wall.ts';

let ladder = quietLadder;
/** Milliseconds of silence that are left, 0 when it sounds. */
export const mutedForMs = signal(0);

/** What the server is told: whether this console can be heard. */
export function audioReport(): 'running' | 'suspended' | 'muted' {
  return audioState.value !== 'running' ? 'suspended' : mutedForMs.value > 0 || talking.value ? 'muted' : 'running';
}

/** One look: call at every change of the open set and each second. */
export function sound(): void {
  const now = performance.now();
  const p1 = openAlerts.value.filter((a) => a.priority === 1);
  // A case that was open before the database went away stands on the list and rings from there.
  const standby = (live.value.standby ?? []).filter((c) => c.state === 'open' && !c.known).map((c) => ({ id: c.key, ageMs: c.ageMs, count: c.count }));
  const taken = rings.splice(0, rings.length);
  const result = climb(ladder, {
    p1: [...p1.filter(mustRing).map((a) => ({ id: a.id, ageMs: serverNow.value - a.openedAt, count: a.count })), ...standby],
    taken: p1.filter((a) => !mustRing(a)).map((a) => ({ id: a.id, count: a.count })),
    p2: openAlerts.value.filter((a) => a.priority === 2 && mustRing(a)).map((a) => a.id),
    linkDead: isDead.value, inCall: talking.value, rings: taken, askedForMs: question.value && mayAct.value ? serverNow.value - question.value.askedAt : null,
  }, now);
  ladder = result.ladder;
  mutedForMs.value = Math.max(0, ladder.mutedUntil - now);
  for (const { tone, level } of result.play) if (playTone(tone, level) && tone === 'p1' && level >= spokenFrom) sayOldest(p1);
  tellOutside([...p1.filter(mustRing), ...(live.value.standby ?? []).filter((c) => c.state === 'open' && !c.known).map((c) => ({ id: c.key, count: c.count, kind: c.kind, town: c.town }))]);
}

/** From the loudness of 30 s on. */
const spokenFrom = 2;
function sayOldest(p1: readonly AlertView[]): void {
  const waiting = p1.filter(mustRing);
  const oldest = waiting.reduce<AlertView | null>((first, a) => (first === null || a.openedAt < first.openedAt ? a : first), null);
  if (oldest && serverNow.peek() - oldest.openedAt >= spokenAfterMs) sayIt(oldest.kind, oldest.regionCode);
}
const spokenAfterMs = 30_000;

export function startSounding(): () => void {
  prepareAudio();
  void fetchVoice();
  const stopDuty = startDuty();
  const stopBadge = effect(() => badge(unclaimedP1.value.length));
  return () => { stopBadge(); stopDuty(); ladder = quietLadder; mutedForMs.value = 0; };
}

/** 静音 60 s of what rings now. */
export function muteNow(): void {
  ladder = mute(ladder, performance.now());
  mutedForMs.value = isMuted(ladder, performance.now()) ? ladder.mutedUntil - performance.now() : 0;
}

/** 开始值班: unlocks the sound, plays the test, asks whether it was heard. The screen and the browser's prompts are asked for in the same click; the sound waits for none of them. */
export async function startShift(): Promise<void> {
  const unlocked = unlockAudio();
  takePost();
  void fetchVoice();
  if (await unlocked) { playTone('test', 1); shift.value = 'ask'; }
}
/** What the browser refused, and the recordings, once more. */
export function askAgain(): void { takePost(); void fetchVoice(); }
export function playTestAgain(): void { playTone('test', 2); }
/** Somebody says that it was heard: stands in the shift log. */
export function confirmHeard(): void { shift.value = 'heard'; if (mayAct.peek()) void post('/api/v1/desk/heard', {}, false); }
