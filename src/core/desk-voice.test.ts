/** Parts of the wall's voice, and what a file is by its bytes. */
import { expect, it } from 'vitest';
import { voiceParts, voiceType } from './desk-voice.ts';

it('says town, kind, not taken; without a town the rest', () => {
  expect(voiceParts('sos', '350425100001')).toEqual(['town-350425100000', 'kind-sos', 'unclaimed']);
  expect([voiceParts('gas', null), voiceParts('gas', '350425000000')]).toEqual([['kind-gas', 'unclaimed'], ['kind-gas', 'unclaimed']]);
});
it('knows WAV, MP3 and Ogg by their bytes, and nothing else', () => {
  const of = (text: string, more: number[] = []): string | null => voiceType(Uint8Array.from([...Buffer.from(text, 'latin1'), ...more]));
  expect([of('RIFF\0\0\0\0WAVE'), of('OggS'), of('ID3'), of('', [0xff, 0xfb, 0x90]), of('RIFF\0\0\0\0AVI '), of('<svg'), of('', [0xff, 0xd8, 0xff]), of('')]).toEqual(['audio/wav', 'audio/ogg', 'audio/mpeg', 'audio/mpeg', null, null, null, null]);
});
