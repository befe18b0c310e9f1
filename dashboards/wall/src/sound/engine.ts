/**
 * The loudspeaker: Web Audio oscillators, no files, so that nothing has to be loaded when the network is gone. Knows
 * whether the browser lets us sound at all, and says so. Patterns follow IEC 60601-1-8: 3 + 2 pulses high, 3 pulses medium.
 */
import { signal } from '@preact/signals';
import { recall, remember } from '#wall/state/settings.ts';
import type { Level, Tone } from './ladder.ts';

/** `none`: this browser has no Web Audio. `suspended`: nobody has pressed 开始值班 yet, or the system took the sound away. */
export type AudioState = 'none' | 'suspended' | 'running';
export const audioState = signal<AudioState>('suspended');
/** How often each tone was played since the page was opened; tests and the strip read it. */
export const played = signal<Readonly<Record<string, number>>>({});

/** The chosen output of this browser is gone: it sounds from the system's own. */
export const outputLost = signal(false);

let context: AudioContext | null = null;
let voice: PeriodicWave | null = null;

/** Makes the audio graph; where the browser allows sound without a gesture (kiosk) it runs at once. */
export function prepareAudio(): void {
  if (context) return;
  if (typeof AudioContext === 'undefined') { audioState.value = 'none'; return; }
  context = new AudioContext();
  voice = context.createPeriodicWave(new Float32Array(7), new Float32Array([0, 1, 0.8, 0.6, 0.5, 0.3, 0.2]));
  const read = (): void => { audioState.value = context?.state === 'running' ? 'running' : 'suspended'; };
  context.addEventListener('statechange', read);
  read();
  void useOutput(recall(outputKey) ?? '');
  navigator.mediaDevices?.addEventListener?.('devicechange', () => void useOutput(recall(outputKey) ?? ''));
}

/** From a click: lets the sound out. Resolves with whether it runs. */
export async function unlockAudio(): Promise<boolean> {
  prepareAudio();
  await Promise.race([context?.resume(), new Promise((resolve) => setTimeout(resolve, 1_500))]);
  if (context) audioState.value = context.state === 'running' ? 'running' : 'suspended';
  return audioState.value === 'running';
}

const outputKey = 'anling.output';
type Sinkable = AudioContext & { setSinkId?(id: string): Promise<void>; sinkId?: string };
/** Whether this browser lets a page choose between loudspeaker and headset. */
export const canChooseOutput = (): boolean => typeof AudioContext !== 'undefined' && 'setSinkId' in AudioContext.prototype;
export const chosenOutput = (): string => recall(outputKey) ?? '';
export function chooseOutput(id: string): Promise<void> { remember(outputKey, id); return useOutput(id); }
/** Sounds from there; where that output is gone, from the system's own, and says so: never from nowhere. */
async function useOutput(id: string): Promise<void> {
  const sink = context as Sinkable | null;
  if (!sink?.setSinkId || (id === '' && (sink.sinkId ?? '') === '')) return; // nothing chosen, nothing touched
  const there = id === '' || await navigator.mediaDevices?.enumerateDevices?.().then((all) => all.some((d) => d.kind === 'audiooutput' && d.deviceId === id), () => true);
  await sink.setSinkId(there ? id : '').then(() => { outputLost.value = !there; }, async () => { outputLost.value = true; await sink.setSinkId?.('').catch(() => {}); });
}

/** A recording in base64, read; null: it cannot be. */
export async function decode(base64: string): Promise<AudioBuffer | null> {
  try { return await context?.decodeAudioData(Uint8Array.from(atob(base64), (c) => c.charCodeAt(0)).buffer) ?? null; } catch { return null; }
}
let saysUntil = 0;
/** Recordings one after the other from `delayS` on; false when the browser is silent or something is still being said. */
export function playRecorded(buffers: readonly AudioBuffer[], delayS: number): boolean {
  if (context?.state !== 'running' || buffers.length === 0 || context.currentTime + delayS < saysUntil) return false;
  saysUntil = context.currentTime + delayS;
  for (const buffer of buffers) {
    const source = context.createBufferSource();
    source.buffer = buffer;
    source.connect(context.destination);
    source.start(saysUntil);
    saysUntil += buffer.duration + 0.05;
  }
  return true;
}

const gains: Record<Level, number> = { 0: 0.3, 1: 0.5, 2: 0.75, 3: 1 };
/** Pulses as [start s, length s, hertz, hertz at its end]. */
const patterns: Record<Tone, readonly (readonly [number, number, number, number])[]> = {
  p1: [[0, 0.16, 698, 698], [0.25, 0.16, 698, 698], [0.5, 0.16, 698, 698], [0.95, 0.16, 932, 932], [1.2, 0.16, 932, 932]],
  p2: [[0, 0.22, 440, 440], [0.42, 0.22, 440, 440], [0.84, 0.22, 440, 440]],
  soft: [[0, 0.14, 660, 660], [0.18, 0.24, 880, 880]],
  nobody: [[0, 0.5, 932, 466], [0.55, 0.5, 932, 466], [1.1, 0.5, 932, 466], [1.65, 0.5, 932, 466]],
  link: [[0, 0.45, 523, 220], [0.6, 0.45, 523, 220]],
  watch: [[0, 0.3, 587, 587], [0.4, 0.3, 784, 784], [0.8, 0.5, 988, 988]],
  test: [[0, 0.16, 698, 698], [0.25, 0.16, 698, 698], [0.5, 0.16, 698, 698], [0.95, 0.16, 932, 932], [1.2, 0.16, 932, 932]],
};
const quiet: Partial<Record<Tone, number>> = { soft: 0.35, p2: 0.8 };

/** Plays one pattern; false when the browser is silent (nothing is queued for later: a late burst would lie). */
export function playTone(tone: Tone, level: Level): boolean {
  if (!context || !voice || context.state !== 'running') return false;
  const out = context.createGain();
  out.gain.value = gains[level] * (quiet[tone] ?? 1);
  out.connect(context.destination);
  for (const [start, length, from, to] of patterns[tone]) pulse(context, voice, out, context.currentTime + 0.02 + start, length, from, to);
  played.value = { ...played.value, [tone]: (played.value[tone] ?? 0) + 1 };
  return true;
}

function pulse(audio: AudioContext, wave: PeriodicWave, out: AudioNode, at: number, length: number, from: number, to: number): void {
  const oscillator = audio.createOscillator();
  const envelope = audio.createGain();
  oscillator.setPeriodicWave(wave);
  oscillator.frequency.setValueAtTime(from, at);
  if (to !== from) oscillator.frequency.linearRampToValueAtTime(to, at + length);
  envelope.gain.setValueAtTime(0, at);
  envelope.gain.linearRampToValueAtTime(0.5, at + 0.015); // edges without a click
  envelope.gain.setValueAtTime(0.5, at + length - 0.03);
  envelope.gain.linearRampToValueAtTime(0, at + length);
  oscillator.connect(envelope).connect(out);
  oscillator.start(at);
  oscillator.stop(at + length + 0.02);
}
