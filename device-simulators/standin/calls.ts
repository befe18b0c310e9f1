/** A call's life: rings, is answered or not, speaks, hears keys where it can, ends; the report follows its end. */
import type { StandinClock } from './clock.ts';
import type { Faults } from './faults.ts';
import { type CallItem, type Phones, providerTime } from './phones.ts';
import type { Pusher } from './push.ts';

export type CallSettings = { /** Milliseconds a call rings. */ ringMs: number; /** Milliseconds per spoken character. */ speakMs: number; /** Reports follow after this. */ receiptMs: number };
export type Calls = {
  ring(call: CallItem, playTimes: number): void;
  /** What a human does with the phone; null when done, else why it cannot be. */
  act(call: CallItem, action: string): string | null;
};
/** call results of the provider */
const results = { played: '200000', hungUp: '200001', busy: '200002', noAnswer: '200003', keyTimeout: '200008', key: '300000' } as const;
const keyWaitMs = 5_000;

export function createCalls(options: { clock: StandinClock; phones: Phones; pusher: Pusher; faults: Faults; settings: () => CallSettings }): Calls {
  const { clock, phones, pusher, faults } = options;
  const timers = new Map<string, () => void>();
  const plays = new Map<string, number>();
  const next = (call: CallItem, ms: number, work: () => void): void => {
    timers.get(call.id)?.();
    timers.set(call.id, clock.after(ms, work));
  };
  const end = (call: CallItem, status: string): void => {
    if (call.state === 'ended') return;
    const fault = faults.take('receipt', call.action, call.phone);
    call.endedAt = clock.now();
    call.state = 'ended';
    call.status = fault?.kind === 'failed' ? (fault.code ?? results.noAnswer) : status;
    phones.changed(call.phone);
    plays.delete(call.id);
    next(call, options.settings().receiptMs, () => {
      timers.delete(call.id);
      pusher.push('voice-report', [report(call)], fault);
    });
  };
  const answer = (call: CallItem): void => {
    call.state = 'answered';
    call.answeredAt = clock.now();
    phones.changed(call.phone);
    speak(call);
  };
  const speak = (call: CallItem): void => {
    const waits = call.action === 'IvrCall' ? keyWaitMs : 0;
    next(call, [...call.text].length * options.settings().speakMs * (plays.get(call.id) ?? 1) + waits, () => end(call, waits > 0 ? results.keyTimeout : results.played));
  };
  const press = (call: CallItem, key: string): string | null => {
    if (call.state === 'ringing') answer(call);
    if (!call.keys) return 'this call hears no keys (public mode)';
    call.pressed += key;
    pusher.push('voice-call-report', [{
      status_code: results.key, smart_status_code: 'ANSWERED', dtmf: key, status_time: providerTime(clock.now()), out_id: call.outId, call_id: call.id,
    }], null);
    phones.changed(call.phone);
    if (key in call.menu) next(call, [...(call.menu[key] ?? '')].length * options.settings().speakMs, () => end(call, results.played));
    else speak(call);
    return null;
  };
  const act: Calls['act'] = (call, action) => {
    if (call.state === 'ended') return 'the call has ended';
    if (/^[0-9*#]$/.test(action)) return press(call, action);
    if (action === 'answer') { if (call.state === 'ringing') answer(call); return null; }
    if (action === 'hang-up') { end(call, call.state === 'ringing' ? results.busy : results.hungUp); return null; }
    if (action === 'busy') { end(call, results.busy); return null; }
    if (action === 'ignore') { call.ignored = true; phones.changed(call.phone); return null; }
    return `expected answer, hang-up, busy, ignore or a key, got "${action}"`;
  };
  return {
    act,
    ring(call, playTimes) {
      plays.set(call.id, playTimes);
      phones.add(call);
      next(call, options.settings().ringMs, () => end(call, results.noAnswer));
    },
  };
}

function report(call: CallItem): Record<string, string> {
  const talkedMs = call.answeredAt === null ? 0 : (call.endedAt ?? call.answeredAt) - call.answeredAt;
  return {
    status_code: call.status ?? '', callee: call.phone, originate_time: providerTime(call.at), ring_time: providerTime(call.at),
    ...(call.answeredAt === null ? {} : { b_start_time: providerTime(call.answeredAt) }), end_time: providerTime(call.endedAt ?? call.at),
    duration: String(Math.ceil(talkedMs / 1_000)), voice_type: 'voice', call_id: call.id, caller: '05980350425', status_msg: call.answeredAt === null ? '未接通' : '执行完成',
    out_id: call.outId, toll_type: 'LOCAL', ...(call.pressed === '' ? {} : { dtmf: call.pressed }),
  };
}

/** The answer of QueryCallDetailByCallId: JSON as text. */
export function callDetail(call: CallItem, nowMs: number): string {
  return JSON.stringify({
    caller: '05980350425', callee: call.phone, gmtCreate: providerTime(call.at), startDate: providerTime(call.answeredAt ?? call.at),
    ...(call.endedAt === null ? {} : { endDate: providerTime(call.endedAt), state: call.status, stateDesc: call.status }),
    duration: call.answeredAt === null ? 0 : Math.ceil(((call.endedAt ?? nowMs) - call.answeredAt) / 1_000),
  });
}
