/**
 * When the wall sounds and how loudly: a pure state machine over what is open (UI 3.1). It looks at the open set, not at
 * frames, so that a lost frame cannot make it silent; a mute lasts 60 s and never covers an alarm that came after it.
 */

export type Tone = 'p1' | 'p2' | 'soft' | 'nobody' | 'link' | 'watch' | 'test';
/** Loudness: 0 as it begins, 1 after 15 s, 2 after 30 s, 3 when the desk ladder rings. */
export type Level = 0 | 1 | 2 | 3;
export type Play = { tone: Tone; level: Level };

export const p1EveryMs = 5_000;
const p2EveryMs = 20_000;
const linkEveryMs = 10_000;
const watchEveryMs = 10_000;
export const muteMs = 60_000;
/** Bursts for a new press on an alert that is already taken. */
export const raiseBursts = 3;
const deskLoudMs = 30_000;

export type Sounding = {
  /** Open P1 that nobody has. */ p1: readonly { id: string; ageMs: number; count: number }[];
  /** P1 that somebody has: a greater count is a new press. */ taken: readonly { id: string; count: number }[];
  /** Open P2 that nobody has. */ p2: readonly string[];
  linkDead: boolean;
  /** Somebody at this console is on the telephone (通话中, FIELD F13): one short tone for what is new, no bursts over the conversation. */ inCall?: boolean;
  /** Ms for which the desk has been asked for a key; null: it is not asked. */ askedForMs: number | null;
  /** Rings that came with frames since the last call. */ rings: readonly ('p1' | 'p2' | 'soft' | 'desk' | 'nobody')[];
};
export type Ladder = Readonly<{
  p1At: number; p2At: number; linkAt: number; watchAt: number; deskUntil: number;
  counts: ReadonlyMap<string, number>; p2Known: ReadonlySet<string>;
  /** Bursts still owed for a new press on a taken alert. */ owed: number;
  mutedUntil: number; mutedCounts: ReadonlyMap<string, number>;
  started: boolean;
}>;

const never = Number.NEGATIVE_INFINITY;
export const quietLadder: Ladder = {
  p1At: never, p2At: never, linkAt: never, watchAt: never, deskUntil: never, counts: new Map(), p2Known: new Set(), owed: 0, mutedUntil: never, mutedCounts: new Map(), started: false,
};

/** Silence for 60 s of what is known now. */
export function mute(ladder: Ladder, now: number): Ladder {
  return { ...ladder, mutedUntil: now + muteMs, mutedCounts: ladder.counts, owed: 0 };
}
export const isMuted = (ladder: Ladder, now: number): boolean => now < ladder.mutedUntil;

/** One look at the world: what to play now, and the ladder afterwards. Call it at every change and at least each second. */
export function climb(before: Ladder, input: Sounding, now: number): { ladder: Ladder; play: Play[] } {
  const counts = new Map([...input.p1, ...input.taken].map((a) => [a.id, a.count]));
  const fresh = input.p1.some((a) => (before.counts.get(a.id) ?? 0) < a.count);
  const pressedAgain = before.started && input.taken.some((a) => { const known = before.counts.get(a.id); return known !== undefined && known < a.count; });
  const muted = isMuted(before, now);
  const loudP1 = muted ? input.p1.filter((a) => (before.mutedCounts.get(a.id) ?? 0) < a.count) : input.p1;
  const ladder: { -readonly [K in keyof Ladder]: Ladder[K] } = { ...before, counts, started: true, p2Known: new Set(input.p2),
    mutedCounts: new Map([...before.mutedCounts].filter(([id]) => counts.has(id))) };
  const play: Play[] = [];
  if (input.rings.includes('desk') || input.rings.includes('nobody')) ladder.deskUntil = now + deskLoudMs;
  if (pressedAgain) ladder.owed = raiseBursts;
  if (input.inCall) {
    if (!input.linkDead) ladder.linkAt = never;
    if (!fresh && !pressedAgain && !input.rings.includes('nobody') && !(input.linkDead && before.linkAt === never)) return { ladder, play };
    if (input.linkDead) ladder.linkAt = now;
    return { ladder: { ...ladder, owed: 0, p1At: now }, play: [{ tone: 'soft', level: 2 }] };
  }
  if (input.rings.includes('nobody')) play.push({ tone: 'nobody', level: 3 });

  const due = now - before.p1At >= p1EveryMs;
  if (loudP1.length > 0 && (fresh || due)) {
    ladder.p1At = now;
    play.push({ tone: 'p1', level: p1Level(loudP1, now < ladder.deskUntil) });
  } else if (ladder.owed > 0 && (pressedAgain || due)) {
    ladder.p1At = now;
    ladder.owed--;
    play.push({ tone: 'p1', level: 1 });
  }
  if (input.linkDead) {
    if (!muted && now - before.linkAt >= linkEveryMs) { ladder.linkAt = now; play.push({ tone: 'link', level: 1 }); }
  } else ladder.linkAt = never;
  // Nobody is there to mute it, or he has just proven himself by muting.
  if (input.askedForMs === null) ladder.watchAt = never;
  else if (play.length === 0 && now - before.watchAt >= watchEveryMs) { ladder.watchAt = now; play.push({ tone: 'watch', level: input.askedForMs >= 5 * 60_000 ? 2 : 1 }); }
  if (play.length > 0) return { ladder, play };

  const newP2 = before.started && input.p2.some((id) => !before.p2Known.has(id));
  if (!muted && input.p2.length > 0 && loudP1.length === 0 && (newP2 || now - before.p2At >= p2EveryMs)) {
    ladder.p2At = now;
    play.push({ tone: 'p2', level: 0 });
  } else if (!muted && (input.rings.includes('soft') || input.rings.includes('p2'))) play.push({ tone: 'soft', level: 0 });
  return { ladder, play };
}

function p1Level(p1: Sounding['p1'], desk: boolean): Level {
  if (desk) return 3;
  const oldest = Math.max(...p1.map((a) => a.ageMs));
  return oldest >= 30_000 ? 2 : oldest >= 15_000 ? 1 : 0;
}
