/** Who would be called for this home now, or tonight at 02:10: the plan that holds there, or one that is being written, against the real roster of this minute. */
import { type Static, Type } from 'typebox';
import { nextClock } from '#core/clock.ts';
import { eventKinds, kindInfo } from '#core/event.ts';
import type { AlertId, HomeId, Party, PersonId, RegionCode } from '#core/ids.ts';
import { withoutWaiting } from '#core/outage-plan.ts';
import { planFor } from '#core/plan.ts';
import { previewDesk, previewPlan } from '#core/plan-preview.ts';
import { type Caller, may } from '#core/user.ts';
import { findRegistered } from '#store/device-registry.ts';
import { findHome, homeHasHighRisk } from '#store/homes.ts';
import { outagesAround } from '#store/outages.ts';
import { partyLines, recentCalls } from '#store/outbox-insert.ts';
import { findPerson } from '#store/people.ts';
import { readPlans } from '#store/plans.ts';
import { type RosterKey, rostersOf } from '#store/roster.ts';
import { readNow } from '#store/timers.ts';
import { deskProven } from '#store/vigilance.ts';
import { callerOf, requireScope } from '#web/access.ts';
import type { App, WebContext } from '#web/context.ts';
import { invalid } from '#web/errors.ts';
import { nothing, shownName } from '#web/registry.ts';
import { OwnId } from '#web/registry-schemas.ts';
import { clockText, EpochMs, errorAnswers, Nullable, OneOf, Shape } from '#web/schemas.ts';
import { PlanBody, toPlan } from './plans.ts';

const Who = { role: Nullable(Type.String()), name: Nullable(Type.String({ description: 'masked' })) };
const Marks = { cutOff: Type.Optional(Type.Boolean({ description: 'the own village is in an outage: tried, not waited for' })), strange: Type.Optional(Type.Boolean({ description: 'does not speak as she does' })) };
const Step = Shape({
  atS: Type.Integer(), sends: Type.Array(Shape({ ...Who, ...Marks, party: Type.String(), channel: OneOf(['sms', 'voice']) })),
  skipped: Type.Array(Shape({ ...Who, target: Type.String(), reason: Type.String() })),
});
const Rung = Shape({ atS: Type.Integer(), ring: OneOf(['other-seat', 'shift-leader', 'duty-leader']), calls: Type.Array(Shape({ ...Who, party: Type.String() })) });
const View = Shape({
  planId: Type.String(), planName: Type.String(), at: EpochMs, inOutage: Type.Boolean(), steps: Type.Array(Step), desk: Type.Array(Rung), roundS: Type.Integer(),
  mostCalls: Type.Integer({ description: 'calls to one person in this round' }),
});
const Asked = Shape({
  homeId: Type.Optional(OwnId), personId: Type.Optional(OwnId), deviceId: Type.Optional(OwnId), kind: OneOf(eventKinds), plan: Type.Optional(PlanBody), at: Type.Optional(EpochMs), clock: Type.Optional(clockText('the next time the county’s clocks show this, instead of `at`')),
}, 'about one home, person or device');

/** The home, person and region it is about, as an alert would have them; 404 outside the caller's scope. */
async function subjectOf(ctx: WebContext, caller: Caller, asked: Static<typeof Asked>): Promise<RosterKey & { highRisk: boolean }> {
  const device = asked.deviceId === undefined ? null : await findRegistered(ctx.db, asked.deviceId);
  const personId = asked.personId ?? device?.personId ?? null;
  const person = personId === null ? null : await findPerson(ctx.db, ctx.seal, personId);
  const homeId = asked.homeId ?? person?.homeId ?? device?.homeId ?? null;
  const home = homeId === null ? null : await findHome(ctx.db, ctx.seal, homeId);
  const regionCode = home?.regionCode ?? person?.regionCode ?? device?.regionCode ?? null;
  if (regionCode === null || (asked.homeId !== undefined && !home) || (asked.personId !== undefined && !person)) throw nothing();
  requireScope(caller, regionCode);
  return { id: '0' as AlertId, homeId: homeId as HomeId | null, personId: personId as PersonId | null, regionCode: regionCode as RegionCode, flags: [], highRisk: person?.highRisk ?? (homeId === null || (await homeHasHighRisk(ctx.db, homeId))) };
}

export function registerPlanPreview(app: App, ctx: WebContext): void {
  app.post('/api/v1/plans/preview', {
    config: { access: may.readPlans.filter((role) => may.readFiles.includes(role)) },
    schema: { summary: 'Who would be called for a home, a person or a device now, or at `at` (tonight at 02:10), step by step; nothing is sent', tags: ['plans'], body: Asked, response: { 200: View, ...errorAnswers } },
  }, async (request): Promise<Static<typeof View>> => {
    const caller = callerOf(request);
    const { kind } = request.body;
    if ([request.body.homeId, request.body.personId, request.body.deviceId].filter((id) => id !== undefined).length !== 1) throw invalid([{ field: 'homeId', expected: 'one of homeId, personId and deviceId' }]);
    const { highRisk, ...key } = await subjectOf(ctx, caller, request.body);
    const now = await readNow(ctx.db);
    const at = request.body.at ?? (request.body.clock === undefined ? now : nextClock(now, request.body.clock));
    // What holds only now, an outage and calls of the last hour, says nothing about tonight.
    const soon = Math.abs(at - now) < 3_600_000;
    const { priority } = kindInfo[kind];
    const desk = { highRisk, at, deskProven: soon && (await deskProven(ctx.db)) };
    const chosen = request.body.plan ? toPlan('', request.body.plan) : planFor(kind, priority, key.regionCode, await readPlans(ctx.db), desk);
    if (chosen === null) throw invalid([{ field: 'kind', expected: 'a kind that calls people' }]);
    const inOutage = soon && priority === 1 && (await outagesAround(ctx.db, [{ id: '0', homeId: key.homeId, deviceId: request.body.deviceId ?? null }])).size > 0;
    const plan = inOutage ? withoutWaiting(chosen) : chosen;
    const roster = (await rostersOf(ctx.db, [{ ...key, flags: inOutage ? ['in-outage'] : [] }], at)).get(key.id) ?? [];
    const calls = soon ? await recentCalls(ctx.db, [...new Set(roster.map((p) => p.phoneKey))]) : new Map<string, number[]>();
    const facts = { kind, roster, calls, inOutage };
    const steps = previewPlan(plan, facts, at);
    const lines = await partyLines(ctx.db, roster.map((p) => p.party));
    const marks = new Map(roster.map((p) => [p.party, { ...(p.cutOff ? { cutOff: true } : {}), ...(p.strange ? { strange: true } : {}) }]));
    const who = (party: Party | undefined): { role: string | null; name: string | null } => {
      const line = party && lines.get(party);
      return line ? { role: line.role, name: shownName(caller, ctx.seal.open(`${line.column}.name`, line.nameEnc)) } : { role: null, name: null };
    };
    const voiceOf = Map.groupBy(steps.flatMap((s) => s.sends).filter((s) => s.channel === 'voice'), (s) => s.party);
    return {
      planId: plan.id, planName: plan.name, at, inOutage, roundS: plan.roundS, mostCalls: Math.max(0, ...[...voiceOf.values()].map((list) => list.length)),
      steps: steps.map((s) => ({ atS: s.atS, sends: s.sends.map((send) => ({ ...send, ...marks.get(send.party), ...who(send.party) })), skipped: s.skipped.map(({ target, party, reason }) => ({ target, reason, ...who(party) })) })),
      desk: previewDesk(plan, facts, at).map((r) => ({ ...r, calls: r.calls.map((party) => ({ party, ...who(party) })) })),
    };
  });
}
