/** Who would be called for this home now, or tonight at 02:10: the plan that holds there, or one that is being written, against the real roster of this minute. */
import { type Static, Type } from 'typebox';
import { eventKinds, kindInfo } from '#core/event.ts';
import type { AlertId, HomeId, Party, RegionCode } from '#core/ids.ts';
import { planFor } from '#core/plan.ts';
import { previewPlan } from '#core/plan-preview.ts';
import { may } from '#core/user.ts';
import { findHome } from '#store/homes.ts';
import { partyLines, recentCalls } from '#store/outbox-insert.ts';
import { readPlans } from '#store/plans.ts';
import { rostersOf } from '#store/roster.ts';
import { readNow } from '#store/timers.ts';
import { callerOf, requireScope } from '#web/access.ts';
import type { App, WebContext } from '#web/context.ts';
import { invalid } from '#web/errors.ts';
import { nothing, shownName } from '#web/registry.ts';
import { OwnId } from '#web/registry-schemas.ts';
import { EpochMs, errorAnswers, Nullable, OneOf, Shape } from '#web/schemas.ts';
import { PlanBody, toPlan } from './plans.ts';

const Who = { role: Nullable(Type.String()), name: Nullable(Type.String({ description: 'masked' })) };
const Step = Shape({
  atS: Type.Integer(), sends: Type.Array(Shape({ ...Who, party: Type.String(), channel: OneOf(['sms', 'voice']) })),
  skipped: Type.Array(Shape({ ...Who, target: Type.String(), reason: Type.String() })),
});
const View = Shape({ planId: Type.String(), planName: Type.String(), steps: Type.Array(Step), mostCalls: Type.Integer({ description: 'calls to one person in this round' }) });

export function registerPlanPreview(app: App, ctx: WebContext): void {
  app.post('/api/v1/plans/preview', {
    config: { access: may.readPlans.filter((role) => may.readFiles.includes(role)) },
    schema: {
      summary: 'Who would be called for a home now, or at `at` (tonight at 02:10), step by step; nothing is sent', tags: ['plans'],
      body: Shape({ homeId: OwnId, kind: OneOf(eventKinds), plan: Type.Optional(PlanBody), at: Type.Optional(EpochMs) }), response: { 200: View, ...errorAnswers },
    },
  }, async (request): Promise<Static<typeof View>> => {
    const caller = callerOf(request);
    const { homeId, kind } = request.body;
    const home = await findHome(ctx.db, ctx.seal, homeId);
    if (!home) throw nothing();
    requireScope(caller, home.regionCode);
    const plan = request.body.plan ? toPlan('', request.body.plan) : planFor(kind, kindInfo[kind].priority, home.regionCode, await readPlans(ctx.db));
    if (plan === null) throw invalid([{ field: 'kind', expected: 'a kind that calls people' }]);
    const key = { id: '0' as AlertId, homeId: homeId as HomeId, personId: null, regionCode: home.regionCode as RegionCode, flags: [] };
    const now = await readNow(ctx.db);
    const at = request.body.at ?? now;
    const roster = (await rostersOf(ctx.db, [key], at)).get(key.id) ?? [];
    // Calls of the last hour use up a budget now; they say nothing about tonight.
    const called = Math.abs(at - now) < 3_600_000 ? await recentCalls(ctx.db, [...new Set(roster.map((p) => p.phoneKey))]) : new Map<string, number[]>();
    const steps = previewPlan(plan, { kind, roster, calls: called }, at);
    const lines = await partyLines(ctx.db, roster.map((p) => p.party));
    const who = (party: Party | undefined): { role: string | null; name: string | null } => {
      const line = party && lines.get(party);
      return line ? { role: line.role, name: shownName(caller, ctx.seal.open(`${line.column}.name`, line.nameEnc)) } : { role: null, name: null };
    };
    const calls = Map.groupBy(steps.flatMap((s) => s.sends).filter((s) => s.channel === 'voice'), (s) => s.party);
    return {
      planId: plan.id, planName: plan.name, mostCalls: Math.max(0, ...[...calls.values()].map((list) => list.length)),
      steps: steps.map((s) => ({ atS: s.atS, sends: s.sends.map((send) => ({ ...send, ...who(send.party) })), skipped: s.skipped.map(({ target, party, reason }) => ({ target, reason, ...who(party) })) })),
    };
  });
}
