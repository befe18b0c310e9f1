/**
 * What the provider reports afterwards (PROVIDERS 5, 6.4, 6.6): delivery of an SMS, the end of a call, keys pressed. A
 * report is weak evidence: unsigned, late, doubled, out of order. It moves a message's state, never an alert's.
 */
import { dayOf, parseBeijingTime } from '#core/clock.ts';
import type { FailureClass, Fate } from '#notify/channels/channel.ts';

export type ReceiptKind = 'sms-report' | 'sms-up' | 'voice-report' | 'voice-call-report';
export type Report =
  | { kind: 'fate'; channel: 'sms' | 'voice'; to: string; outId: string | null; providerId: string; fate: Fate }
  | { kind: 'key'; to: string | null; outId: string | null; providerId: string; key: string }
  | { kind: 'answer'; from: string; content: string; id: string }
  | { kind: 'ignored'; why: string };

const classes = (rows: [string, FailureClass][]): Record<string, FailureClass> => Object.fromEntries(rows.flatMap(([codes, c]) => codes.split(' ').map((code) => [code, c])));

/** PROVIDERS 6.4: carrier codes of an undelivered SMS. P: this number will not take SMS; F: not now. */
export const smsReceiptCodes = classes([
  ['MK:0001 MI:0054 MI:0059 MI:0073 MI:0210 MK:0005 MK:0013 DB:0102 DB:0144 MBBLACK REJECTD', 'P'],
  ['MI:0024 MI:0042 MI:0076 MK:0023 MK:0010 EXPIRED UNDELIV IB:0008 MI:0061 MI:0062 MI:0208 MI:0209 MI:0099', 'F'],
  ['NP:1243', 'R'],
]);

/** PROVIDERS 6.6: results of a call. 'played' was heard, which is not an answer to the question it asked. */
export const callResults: Record<string, 'played' | FailureClass> = {
  ...Object.fromEntries('200000 200001 200008 300000'.split(' ').map((code) => [code, 'played' as const])),
  ...classes([
    ['200002 200112 200003 200113 200005 200007 200111 200120 200010 200118 200119 200121', 'F'],
    ['200004 200116 200011 200006 200104 200105 200117 476', 'P'],
    ['400 500 999999 9996 482', 'F'],
  ]),
};
/** A voice assistant took the call: nobody has heard it. */
const machine = new Set(['INTELLIGENT_ANSWER']);

export function smsFate(success: boolean, code: string): Fate {
  if (success) return { kind: 'delivered' };
  const blacklisted = /BLACK/i.test(code);
  return { kind: 'failed', code: clip(code) || 'UNKNOWN', class: blacklisted ? 'P' : (smsReceiptCodes[code] ?? 'F') };
}

export function callFate(statusCode: string, smart = ''): Fate {
  if (machine.has(smart)) return { kind: 'failed', code: smart, class: 'F' };
  const result = callResults[statusCode] ?? 'F';
  return result === 'played' ? { kind: 'answered' } : { kind: 'failed', code: clip(statusCode) || 'UNKNOWN', class: result };
}

const clip = (text: string): string => text.replace(/[^\w.:-]/g, '').slice(0, 40);

/** Reads one push: an array or one object, numbers or strings. Throws when it is no JSON. Items that make no sense are 'ignored'. */
export function readPush(kind: ReceiptKind, body: string): Report[] {
  const parsed: unknown = JSON.parse(body);
  const items = Array.isArray(parsed) ? parsed : [parsed];
  return items.slice(0, 1_000).flatMap((item) => (item !== null && typeof item === 'object' ? readers[kind](fields(item as Record<string, unknown>)) : [{ kind: 'ignored', why: 'not-an-object' } as const]));
}

type Fields = (name: string) => string;
/** Every field as text; absent and structured ones are empty. */
function fields(item: Record<string, unknown>): Fields {
  return (name) => {
    const value = Object.hasOwn(item, name) ? item[name] : undefined;
    return typeof value === 'string' ? value.slice(0, 1_000) : typeof value === 'number' || typeof value === 'boolean' ? String(value) : '';
  };
}

const orNull = (text: string): string | null => (text === '' ? null : text);

const readers: Record<ReceiptKind, (f: Fields) => Report[]> = {
  'sms-report': (f) => {
    if (f('phone_number') === '' || (f('biz_id') === '' && f('out_id') === '')) return [{ kind: 'ignored', why: 'fields' }];
    return [{ kind: 'fate', channel: 'sms', to: f('phone_number'), outId: orNull(f('out_id')), providerId: f('biz_id'), fate: smsFate(f('success') === 'true', f('err_code')) }];
  },
  'sms-up': (f) => {
    if (f('phone_number') === '') return [{ kind: 'ignored', why: 'fields' }];
    return [{ kind: 'answer', from: f('phone_number'), content: f('content').slice(0, 500), id: f('sequence_id') || f('send_time') }];
  },
  'voice-report': (f) => {
    if (f('call_id') === '') return [{ kind: 'ignored', why: 'fields' }];
    const end: Report = { kind: 'fate', channel: 'voice', to: f('callee'), outId: orNull(f('out_id')), providerId: f('call_id'), fate: callFate(f('status_code'), f('smart_status_code')) };
    return f('dtmf') === '' ? [end] : [key(f), end];
  },
  'voice-call-report': (f) => {
    if (f('call_id') === '') return [{ kind: 'ignored', why: 'fields' }];
    return f('status_code') === '300000' || f('dtmf') !== '' ? [key(f)] : [{ kind: 'ignored', why: 'progress' }];
  },
};

function key(f: Fields): Report {
  const pressed = f('dtmf').replace(/[^0-9*#]/g, '').slice(-1);
  return pressed === '' ? { kind: 'ignored', why: 'no-key' } : { kind: 'key', to: orNull(f('callee')), outId: orNull(f('out_id')), providerId: f('call_id'), key: pressed };
}

/** Beijing's date (yyyyMMdd) of a moment: QuerySendDetails wants it whatever zone we run in. */
export function beijingDate(epochMs: number): string {
  return dayOf(epochMs).replaceAll('-', '');
}

/** The detail of a call that QueryCallDetailByCallId gives as JSON text. */
export function readCallDetail(data: string): Fate {
  const detail = JSON.parse(data) as { state?: unknown; endDate?: unknown; duration?: unknown };
  const ended = typeof detail.endDate === 'number' || (typeof detail.endDate === 'string' && (parseBeijingTime(detail.endDate) !== null || /^\d+$/.test(detail.endDate)));
  const state = detail.state === undefined || detail.state === null ? '' : String(detail.state);
  return !ended || state === '' ? { kind: 'waiting' } : callFate(state);
}
