/** The recorded voice of the wall (UI 3.1): its parts, and which files are taken. Pure. */
import type { EventKind } from './event.ts';

export const voiceTypes = ['audio/wav', 'audio/mpeg', 'audio/ogg'] as const;
export type VoiceType = (typeof voiceTypes)[number];
/** 均溪镇 + 一键呼 + 未接警. */
export const voiceParts = (kind: EventKind, regionCode: string | null): string[] => [...(regionCode === null || regionCode.endsWith('000000') ? [] : [`town-${regionCode.slice(0, 9)}000`]), `kind-${kind}`, 'unclaimed'];

export const isVoicePart = (part: string): boolean => /^(unclaimed|kind-[a-z-]{1,30}|town-[0-9]{12})$/.test(part);

/** What a file is by its first bytes, whatever it is called; null: nothing that is taken. */
export function voiceType(data: Uint8Array): VoiceType | null {
  const text = (from: number, to: number): string => String.fromCharCode(...data.subarray(from, to));
  if (text(0, 4) === 'RIFF' && text(8, 12) === 'WAVE') return 'audio/wav';
  if (text(0, 4) === 'OggS') return 'audio/ogg';
  const [first = 0, second = 0] = data;
  return text(0, 3) === 'ID3' || (first === 0xff && (second & 0xe6) === 0xe2) ? 'audio/mpeg' : null;
}
