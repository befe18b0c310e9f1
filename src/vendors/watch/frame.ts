/**
 * The TCP protocol of GPS watches, `[3G*IMEI*LEN*CMD,…]` (DEVICES 5.6; some put an index before the length): cutting the stream, one
 * frame to what it says, and what we write to a watch. LEN is the content's bytes in hexadecimal; a voice note's content may hold any byte.
 */
import { DecodeError } from '#core/errors.ts';
import { canonical, keysOf, type Message, nameOf } from '#vendors/push.ts';
import type { Decoded } from '#vendors/vendor.ts';
import { bitsOf, watchAlarms } from './status.ts';

const headLongest = 64;
const head = /^\[([A-Za-z0-9]{2})\*([A-Za-z0-9]{5,20})\*(?:([0-9A-Fa-f]{1,8})\*)?([0-9A-Fa-f]{4})\*/;
export type WatchFrame = { maker: string; imei: string; index: string | null; content: Buffer; whole: Buffer };

/** The whole frames at the beginning of `bytes`, and what is left. What is no frame is skipped to the next bracket. */
export function cutFrames(bytes: Buffer): { frames: WatchFrame[]; rest: Buffer } {
  const frames: WatchFrame[] = [];
  let at = bytes.indexOf(0x5b);
  while (at >= 0 && at < bytes.length) {
    const found = head.exec(bytes.toString('latin1', at, at + headLongest));
    if (!found) {
      if (bytes.length - at < headLongest && couldBegin(bytes.toString('latin1', at))) return { frames, rest: bytes.subarray(at) };
      at = bytes.indexOf(0x5b, at + 1);
      continue;
    }
    const [whole, maker = '', imei = '', index, length = '0'] = found;
    const from = at + whole.length;
    const end = from + Number.parseInt(length, 16);
    if (end >= bytes.length) return { frames, rest: bytes.subarray(at) };
    if (bytes[end] === 0x5d) frames.push({ maker, imei, index: index ?? null, content: bytes.subarray(from, end), whole: bytes.subarray(at, end + 1) });
    at = bytes.indexOf(0x5b, bytes[end] === 0x5d ? end + 1 : at + 1);
  }
  return { frames, rest: Buffer.alloc(0) };
}

/** Whether more bytes could make a head of it. */
const couldBegin = (text: string): boolean => /^\[[A-Za-z0-9*]*$/.test(text);

/** `[maker*imei*(index*)length*content]`. */
export function writeFrame({ maker, imei, index }: Pick<WatchFrame, 'maker' | 'imei' | 'index'>, content: string): Buffer {
  return Buffer.from(`[${maker}*${imei}*${index === null ? '' : `${index}*`}${Buffer.byteLength(content).toString(16).toUpperCase().padStart(4, '0')}*${content}]`);
}

/** What a watch waits for: without an answer to LK and AL it takes itself for off-line and sends again. */
const answers: Readonly<Record<string, string>> = { LK: 'LK', AL: 'AL', INIT: 'INIT,1', TKQ: 'TKQ', TKQ2: 'TKQ2', TK: 'TK,1' };
export const commandOf = (frame: Pick<WatchFrame, 'content'>): string => frame.content.toString('latin1', 0, 12).split(',', 1)[0]?.toUpperCase() ?? '';
export const answerTo = (frame: WatchFrame): Buffer | null => { const word = answers[commandOf(frame)]; return word === undefined ? null : writeFrame(frame, word); };

/** What one frame says. `raw` is the frame itself, so that a quarantined one is read again by the same way. */
export function readWatch(frame: WatchFrame, now: number): Message {
  const [word = '', ...fields] = frame.content.toString('latin1').split(',');
  const keys = keysOf(frame.imei);
  if (keys.length === 0) throw new DecodeError('no IMEI');
  const base = { keys, states: [], raw: frame.whole };
  switch (word.toUpperCase()) {
    case 'LK': return { ...base, decoded: [canonical('heartbeat', { battery: fields[2], steps: fields[0], tumbles: fields[1] }, now)] };
    case 'UD': case 'UD2': case 'UD_LTE': case 'UD_WCDMA': return { ...base, decoded: position(fields, now).decoded };
    case 'AL': case 'AL_LTE': case 'AL_WCDMA': return { ...base, ...alarm(frame.imei, fields, now) };
    case 'PULSE': case 'HEART': return vitals(base, { heartRate: fields[0] }, now);
    case 'BPHRT': return vitals(base, { sbp: fields[0], dbp: fields[1], heartRate: fields[2] }, now);
    case 'BLOOD': return vitals(base, { sbp: fields[0], dbp: fields[1] }, now);
    case 'OXYGEN': return vitals(base, { spo2: fields.at(-1) }, now);
    case 'TEMP': case 'BTEMP2': return vitals(base, { bodyTemp: fields.at(-1) }, now);
    // Answers to us, voice notes, settings: a sign of life.
    default: return { ...base, decoded: [canonical('heartbeat', { said: word.slice(0, 20).replace(/[^A-Za-z0-9_]/g, '') }, now)] };
  }
}

const vitals = (base: Pick<Message, 'keys' | 'states' | 'raw'>, reading: Record<string, unknown>, now: number): Message => ({ ...base, decoded: [canonical('vitals', reading, now)] });

type Where = { at: string | undefined; battery: string | undefined; status: string | undefined; location: Record<string, unknown>; around: string[]; decoded: Decoded[] };

/** ddmmyy, hhmmss (UTC), A or V, latitude, N or S, longitude, E or W, speed, course, height, satellites, signal, battery, steps, tumbles, status, cells and networks around. */
function position(f: readonly string[], now: number): Where {
  const [, day, month, year] = /^(\d\d)(\d\d)(\d\d)$/.exec(f[0] ?? '') ?? [];
  const [, hour, minute, second] = /^(\d\d)(\d\d)(\d\d)$/.exec(f[1] ?? '') ?? [];
  const at = day !== undefined && hour !== undefined ? `20${year}-${month}-${day}T${hour}:${minute}:${second}Z` : undefined;
  const fix = f[2] === 'A';
  const side = (value: string | undefined, back: boolean): number => (back ? -Number(value) : Number(value));
  const location = fix ? { lat: side(f[3], f[4] === 'S'), lon: side(f[5], f[6] === 'W'), crs: 'wgs84' } : {};
  const around = f.slice(16, 60).map(String); // without a fix the cells and networks around are the place
  return { at, battery: f[12], status: f[15], location, around, decoded: [canonical('heartbeat', { battery: f[12], time: at, ...(fix && { location }), ...(!fix && around.length > 0 && { around }) }, now)] };
}

function alarm(imei: string, fields: readonly string[], now: number): Pick<Message, 'decoded' | 'unreadable' | 'alarm'> {
  const { at, status, location, around, decoded } = position(fields, now);
  const bits = bitsOf(status);
  const kinds = [...new Set(watchAlarms.filter((a) => bits.includes(a.bit)).map((a) => a.kind))];
  if (kinds.length === 0) return { decoded, unreadable: 'an alarm whose status word names none', alarm: true };
  const events = kinds.map((kind) => canonical('event', { kind, id: nameOf(imei, kind, fields[0], fields[1], status), time: at, location, data: { status, ...(around.length > 0 && { around }) } }, now));
  return { decoded: [...events, ...decoded] };
}

/** A command of ours in the watch's words; null: it has none for it. */
export function watchCommand(command: { name: string; args?: Record<string, unknown> }): string | null {
  const args = command.args ?? {};
  switch (command.name) {
    case 'test-call': return 'FIND';
    case 'reboot': return 'RESET';
    case 'voice': return typeof args['text'] === 'string' ? `MESSAGE,${Buffer.from(args['text'].slice(0, 60), 'utf16le').swap16().toString('hex').toUpperCase()}` : null;
    case 'config': {
      const numbers = args['callNumbers'];
      if (Array.isArray(numbers) && numbers.length > 0) return `SOS,${[0, 1, 2].map((i) => String(numbers[i] ?? '').replace(/[^\d+]/g, '')).join(',')}`;
      const seconds = args['heartbeatS'] ?? args['uploadS'];
      return typeof seconds === 'number' ? `UPLOAD,${Math.round(seconds)}` : null;
    }
    default: return null;
  }
}

/** What a watch would send for this: simulators and tests speak through it. */
export function encodeWatch(imei: string, decoded: Decoded, now: number): Buffer {
  const to = { maker: '3G', imei, index: null };
  const [day, clock] = new Date(now).toISOString().split('T') as [string, string];
  const where = (status: number): string => [`${day.slice(8, 10)}${day.slice(5, 7)}${day.slice(2, 4)}`, clock.slice(0, 8).replaceAll(':', ''), 'A', '25.69', 'N', '117.84', 'E', '0', '0', '0', '6', '100', '60', '0', '0', status.toString(16).padStart(8, '0')].join(',');
  switch (decoded.channel) {
    case 'event': return writeFrame(to, `AL,${where(2 ** (watchAlarms.find((a) => a.kind === decoded.event.kind)?.bit ?? 16))}`);
    case 'vitals': return writeFrame(to, `BPHRT,${decoded.reading.sbp ?? 120},${decoded.reading.dbp ?? 70},${decoded.reading.heartRate ?? 70}`);
    default: return writeFrame(to, `LK,0,0,${decoded.channel === 'heartbeat' ? (decoded.reading.battery ?? 50) : 50}`);
  }
}

/** For a replay: the kept bytes are one frame. */
export function readKeptWatch(plain: Uint8Array, now: number): Message[] {
  const [frame] = cutFrames(Buffer.from(plain)).frames;
  if (!frame) throw new DecodeError('no frame of a watch');
  return [readWatch(frame, now)];
}
