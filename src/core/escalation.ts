/**
 * The escalation plan (呼叫预案): who is called when, in seconds from the plan's base. Plans are data; deciding what a
 * due timer means is core/decide-*.ts. Source of the demonstration plan: FIELD 7.
 */
import type { EventKind } from './event.ts';

/** Whom a step names; resolved against the home's roster when the step is due. */
export type PlanTarget =
  | 'care-worker' | 'doctor' | 'grid-worker' | 'village-cadre' | 'town-duty' | 'duty-leader' | 'shift-leader' | 'seat'
  | 'key-holder' | 'family-1' | 'family-2' | 'neighbour' | 'neighbour-villages'
  /** Everybody within limits.nearbyWalkMinutes on foot, and the micro fire station (微型消防站): a fire is nobody's alone (FIELD 7). */
  | 'nearby' | 'fire-station';
export type PlanAction = { target: PlanTarget; channel: 'sms' | 'voice' };
export type PlanStep = { atS: number; actions: PlanAction[] };
export type DeskRung = { atS: number; ring: 'other-seat' | 'shift-leader' | 'duty-leader' };
export type Plan = {
  id: string; name: string; kinds: EventKind[]; steps: PlanStep[];
  /** Only for raises of this priority, between these times of the county's day (they may pass midnight), for these people; absent: for all. */
  priority?: 1 | 2; hours?: { from: string; to: string }; risk?: 'high' | 'normal';
  /** Seconds from the base at which "nobody answered" is declared and the next round begins. */ roundS: number;
  /** Rings at the desk while unclaimed, whatever the consoles say. */ desk: DeskRung[];
};
