/** An installation as its routes answer it: the schema, and the row with what the store proves by now. */
import { type Static, Type } from 'typebox';
import { stepNames } from '#core/acceptance.ts';
import { installationStates, named, reasonWords } from '#core/installation.ts';
import { inScope } from '#core/ids.ts';
import { limits } from '#core/limits.ts';
import type { Caller } from '#core/user.ts';
import { findInstallation, type Installation } from '#store/installations.ts';
import type { Sql } from '#store/pool.ts';
import type { WebContext } from './context.ts';
import { type Looked, look, type StepView, stepViews } from './installation-look.ts';
import { nothing, placeNames, type PlaceNames, seesPlaces } from './registry.ts';
import { EpochMs, Nullable, OneOf, Place, RegionCodeText, Shape } from './schemas.ts';

export const WordsView = Shape({ zh: Type.String(), en: Type.String() });
const Missing = Shape({ what: Type.String(), zh: Type.String(), en: Type.String() });
export const StepOfPlan = {
  step: OneOf(stepNames), zh: Type.String(), en: Type.String(), how: Nullable(WordsView), waitMs: Type.Integer(), human: Type.Boolean({ description: 'only ears know: POST …/voice' }),
  start: Type.Boolean({ description: 'the house has to begin it: POST …/start' }), beside: Type.Boolean({ description: 'it waits beside the others' }),
};
const StepDone = Shape({
  ...StepOfPlan, state: OneOf(['waiting', 'passed', 'failed']), at: Nullable(EpochMs), ms: Nullable(Type.Integer()), facts: Type.Record(Type.String(), Type.Union([Type.String(), Type.Number(), Type.Null()])), why: Nullable(WordsView),
});
export const InstallationView = Shape({
  id: Type.String(), state: OneOf(installationStates), deviceId: Nullable(Type.String()), model: Nullable(Type.String()), type: Nullable(Type.String()), twoWay: Type.Boolean(), homeId: Type.String(), personId: Nullable(Type.String()), room: Nullable(Type.String()),
  regionCode: RegionCodeText, ...Place, installer: Shape({ id: Type.String(), name: Nullable(Type.String()) }), begunAt: EpochMs, clientBegunAt: Nullable(EpochMs), testUntil: Nullable(EpochMs), finishedAt: Nullable(EpochMs), probationUntil: Nullable(EpochMs), decidedAt: Nullable(EpochMs),
  reasons: Type.Array(Missing), consent: Nullable(Shape({ who: Type.String(), how: Type.String(), at: EpochMs })), place: Nullable(Type.String()), position: Nullable(Shape({ lat: Type.Number(), lon: Type.Number(), accuracyM: Type.Number() })), photo: Type.Boolean(), signature: Type.Boolean(),
  steps: Type.Array(StepDone), probation: Type.Array(WordsView), alerts: Type.Array(Shape({ id: Type.String(), kind: Type.String(), state: Type.String(), openedAt: EpochMs, realAt: Nullable(EpochMs) })), missing: Type.Array(Missing),
  certificate: Nullable(Shape({ number: Type.String(), id: Type.String(), hash: Type.String(), url: Type.String(), issuedAt: EpochMs, state: OneOf(['probation', 'accepted', 'to-redo', 'revoked']) })),
});
export type InstallationAnswer = Static<typeof InstallationView>;
export type CertificateAnswer = InstallationAnswer['certificate'];

/** One that the caller may see: of his regions; an installer, his own. Else 404. */
export async function scopedInstallation(ctx: Pick<WebContext, 'seal'>, sql: Sql, caller: Caller, id: string): Promise<Installation> {
  const found = await findInstallation(sql, ctx.seal, id);
  if (!found || !inScope(found.regionCode, caller.scopeCode) || (caller.role === 'installer' && found.installer !== caller.actor)) throw nothing();
  return found;
}

export function installationView(caller: Caller, names: PlaceNames, i: Installation, looked: Looked | null, certificate: CertificateAnswer): InstallationAnswer {
  const places = seesPlaces(caller);
  const doneStep = (v: StepView): InstallationAnswer['steps'][number] => {
    const proof = looked?.passed.get(v.step);
    const over = i.state !== 'begun' && proof === undefined;
    return { ...v, state: proof ? 'passed' : over ? 'failed' : 'waiting', at: proof?.at ?? null, ms: proof?.ms ?? null, facts: proof?.facts ?? {}, why: proof ? null : (looked?.why.get(v.step) ?? null) };
  };
  return {
    id: i.id, state: i.state, deviceId: i.deviceId, model: i.model, type: i.type, twoWay: looked?.plan.steps.includes('voice') ?? false, homeId: i.homeId, personId: i.personId, room: i.room, regionCode: i.regionCode, ...names(i.regionCode),
    installer: { id: i.installer, name: i.installerName }, begunAt: i.begunAt, clientBegunAt: i.clientBegunAt, testUntil: i.testUntil, finishedAt: i.finishedAt, probationUntil: i.probationUntil, decidedAt: i.decidedAt,
    reasons: i.reasons.map((r) => (r in reasonWords ? named(r) : { what: r, zh: r, en: r })), consent: i.consentWho === null || i.consentHow === null || i.consentAt === null ? null : { who: i.consentWho, how: i.consentHow, at: i.consentAt },
    place: places ? i.place : null, position: !places || i.lat === null || i.lon === null ? null : { lat: i.lat, lon: i.lon, accuracyM: i.accuracyM ?? 0 }, photo: i.photoAt !== null, signature: i.signatureAt !== null,
    steps: looked ? stepViews(looked.plan).map(doneStep) : [], probation: [...(looked?.plan.probation ?? [])], missing: i.state === 'begun' ? (looked?.missing ?? []) : [],
    alerts: (looked?.alerts ?? []).map((a) => ({ id: a.id, kind: a.kind, state: a.state, openedAt: a.openedAt, realAt: a.state === 'open' ? (a.planBaseAt ?? a.openedAt + limits.installHoldMs) : null })),
    certificate,
  };
}

/** The answer of every act: the row as it is now, looked at anew. */
export async function answerFor(ctx: WebContext, caller: Caller, id: string, certificate: (i: Installation) => Promise<CertificateAnswer>): Promise<InstallationAnswer> {
  const i = await scopedInstallation(ctx, ctx.db, caller, id);
  const looked = await look(ctx.db, i);
  return installationView(caller, await placeNames(ctx.db, [i.regionCode]), i, looked, await certificate(i));
}
