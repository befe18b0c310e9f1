/**
 * Messages behind a vendor's authenticated door that no registered device has sent (A11): listed for whoever claims it; what may be an
 * alarm is kept raw, for a replay after the claim, and raises `unknown-device` in the same transaction, P1 when it is an emergency.
 */
import { kindInfo } from '#core/event.ts';
import type { DeviceId } from '#core/ids.ts';
import type { AcceptStranger, Refused, Stranger } from '#core/publish.ts';
import type { Seal } from '#store/seal.ts';
import { strangerId } from '#vendors/stranger.ts';
import { maybeP1 } from './derive.ts';
import type { Quarantine } from './quarantine.ts';
import { eventOf } from './urgent.ts';

export function createStrangers(options: { seal: Seal; quarantine: Quarantine; refused: (refused: Refused) => void }): AcceptStranger {
  const { seal, quarantine } = options;
  return async (stranger: Stranger) => {
    const { door, key, reason, address, payload, trace, arrivedMs, alarm } = stranger;
    const id = key === '' ? (`door_${door}` as DeviceId) : strangerId(door, key);
    if (key !== '') options.refused({ presentedId: id, reason, address, door, key });
    if (!alarm) return;
    const emergency = (alarm.kind !== null && kindInfo[alarm.kind].priority === 1) || (alarm.kind === null && maybeP1(payload));
    const why = alarm.unreadable ?? 'its device is not registered';
    const event = eventOf(seal, {
      device: { id, homeId: null }, source: 'quarantine', kind: key === '' ? 'unreadable-alarm' : 'unknown-device', urgency: emergency ? 1 : 2, trace, arrivedMs,
      sourceEventId: alarm.sourceEventId, deviceTime: alarm.deviceTime, flags: emergency ? ['maybe-p1'] : [], location: alarm.location, data: { reason: key === '' ? why : reason, door, key, ...(alarm.kind !== null && { kind: alarm.kind }) },
    });
    await quarantine.keep({ deviceId: id, topic: `vendor/${door}/event`, payload, trace, arrivedMs }, why, event);
  };
}
