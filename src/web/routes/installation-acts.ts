/** What happens to a running installation: what only its installer can bring (consent, place, position, picture, signature), what he starts, his answer to its alarm, and its end. */
import { Type } from 'typebox';
import { probationDays, startable, stepNames, type StepName } from '#core/acceptance.ts';
import { consentHows, consentWhos, failReasons } from '#core/installation.ts';
import type { AlertId } from '#core/ids.ts';
import { limits } from '#core/limits.ts';
import { charCount, placeCharsMax } from '#core/registry.ts';
import { type Caller, may } from '#core/user.ts';
import { insertCommands } from '#store/commands.ts';
import { bookTest } from '#store/device-registry.ts';
import { correctHome, firstContactOf, holdDevice } from '#store/installation-lists.ts';
import { type Installation, lockInstallation, moveInstallation, saveConsent, saveInstallPhoto, savePlace, savePosition, saveSignature, saveVoice } from '#store/installations.ts';
import { databaseNow } from '#store/nodes.ts';
import { revokeCertificate } from '#store/certificates.ts';
import type { Sql } from '#store/pool.ts';
import { callerOf } from '#web/access.ts';
import { certificateOf, issueCertificate } from '#web/certificate.ts';
import type { App, WebContext } from '#web/context.ts';
import { ApiError, invalid } from '#web/errors.ts';
import { PictureBody, pictureOf, SignatureBody } from '#web/installation-input.ts';
import { type Looked, look } from '#web/installation-look.ts';
import { answerFor, type InstallationAnswer, InstallationView, scopedInstallation } from '#web/installation-view.ts';
import { change, nothing } from '#web/registry.ts';
import { EpochMs, errorAnswers, IdempotencyHeaders, IdText, OneOf, Shape } from '#web/schemas.ts';
import { AlertIdText } from '#web/schemas.ts';
import { ringContact } from './ring.ts';
import { scopedContact } from './contacts.ts';

const tags = ['installations'];
const Params = Shape({ id: IdText });
const answers = { 200: InstallationView, ...errorAnswers };
const testSentence = '这是安装测试，听到请告诉安装员';
type Audited = { action: string; detail?: Record<string, unknown> };
type Act = (sql: Sql, i: Installation, caller: Caller, looked: () => Promise<Looked>) => Promise<Audited | null>;

export function registerInstallationActs(app: App, ctx: WebContext): void {
  /** One act on an installation that runs, in one transaction with its audit; answers the installation as it is then. */
  const act = async (request: Parameters<typeof callerOf>[0], id: string, work: Act, over = false): Promise<InstallationAnswer> => {
    const caller = callerOf(request);
    await scopedInstallation(ctx, ctx.db, caller, id);
    await change(ctx, async (sql) => {
      const i = await lockInstallation(sql, ctx.seal, id);
      if (!i) throw nothing();
      if (i.state !== 'begun' && !over) throw new ApiError('E_CONFLICT', `The installation is over: ${i.state}.`, { more: { reason: 'over', state: i.state } });
      const done = await work(sql, i, caller, async () => (await look(sql, i)) ?? Promise.reject(nothing()));
      return { result: null, audit: done === null ? [] : [{ actor: caller.actor, action: `installation.${done.action}`, target: `installation:${id}`, result: 'ok', ...(done.detail ? { detail: done.detail } : {}) }] };
    });
    return answerFor(ctx, caller, id, (i) => certificateOf(ctx, i));
  };
  registerHandIns(app, ctx, act);
  registerTests(app, ctx, act);
  registerEnds(app, ctx, act);
}
type Run = (request: Parameters<typeof callerOf>[0], id: string, work: Act, over?: boolean) => Promise<InstallationAnswer>;

function registerHandIns(app: App, ctx: WebContext, act: Run): void {
  const route = { config: { access: may.install } };
  app.post('/api/v1/installations/:id/consent', {
    ...route, schema: { summary: 'Who agreed, and how', tags, params: Params, headers: IdempotencyHeaders, body: Shape({ who: OneOf(consentWhos), how: OneOf(consentHows), name: Type.Optional(Type.String({ minLength: 1, maxLength: 60 })), at: EpochMs }), response: answers },
  }, (request) => act(request, request.params.id, async (sql, i) => {
    const { who, how, name, at } = request.body;
    await saveConsent(sql, ctx.seal, i.id, { who, how, name: name ?? null, clientAt: at });
    return { action: 'consent', detail: { who, how } };
  }));
  app.post('/api/v1/installations/:id/place', {
    ...route, schema: { summary: '短信用地点, as a neighbour says it', tags, params: Params, headers: IdempotencyHeaders, body: Shape({ text: Type.String({ minLength: 1, maxLength: 40 }) }), response: answers },
  }, (request) => act(request, request.params.id, async (sql, i) => {
    if (charCount(request.body.text.trim()) > placeCharsMax || request.body.text.trim() === '') throw invalid([{ field: 'text', expected: `1 to ${placeCharsMax} characters (短信用地点)` }]);
    await savePlace(sql, ctx.seal, i.id, request.body.text.trim());
    return { action: 'place' };
  }));
  app.post('/api/v1/installations/:id/position', {
    ...route, schema: { summary: 'Where it is, WGS84, with its accuracy', tags, params: Params, headers: IdempotencyHeaders, body: Shape({ lat: Type.Number({ minimum: 3, maximum: 54 }), lon: Type.Number({ minimum: 73, maximum: 136 }), accuracyM: Type.Number({ minimum: 0, maximum: 100_000 }), crs: OneOf(['wgs84']), at: EpochMs }), response: answers },
  }, (request) => act(request, request.params.id, async (sql, i) => {
    const { lat, lon, accuracyM, at } = request.body;
    await savePosition(sql, i.id, { lat, lon, accuracyM, clientAt: at });
    return { action: 'position', detail: { accuracyM: Math.round(accuracyM) } };
  }));
  app.post('/api/v1/installations/:id/photo', {
    ...route, bodyLimit: Math.ceil(limits.photoBytes * 1.4), schema: { summary: 'A picture of the device where it hangs; what the telephone wrote beside it is taken off', tags, params: Params, headers: IdempotencyHeaders, body: Shape(PictureBody), response: answers },
  }, (request) => act(request, request.params.id, async (sql, i) => {
    await saveInstallPhoto(sql, ctx.seal, i.id, { ...pictureOf(request.body.data, limits.photoBytes), clientAt: request.body.at });
    return { action: 'photo' };
  }));
  app.post('/api/v1/installations/:id/signature', {
    ...route, schema: { summary: 'The signature as a picture', tags, params: Params, headers: IdempotencyHeaders, body: Shape(SignatureBody), response: answers },
  }, (request) => act(request, request.params.id, async (sql, i) => {
    await saveSignature(sql, ctx.seal, i.id, { who: request.body.who, data: pictureOf(request.body.data, limits.signatureBytes).data, clientAt: request.body.at });
    return { action: 'signature', detail: { who: request.body.who } };
  }));
}

function registerTests(app: App, ctx: WebContext, act: Run): void {
  const route = { config: { access: may.install } };
  app.post('/api/v1/installations/:id/start', {
    ...route, schema: { summary: 'What the house begins itself: a test call down, a sentence to speak, the ring test to the first contact. One that is under way is not begun twice', tags, params: Params, headers: IdempotencyHeaders, body: Shape({ step: OneOf(stepNames) }), response: answers },
  }, (request) => act(request, request.params.id, async (sql, i, caller, looked) => {
    const { step } = request.body;
    const { plan, seen } = await looked();
    if (!plan.steps.includes(step) || !startable.has(step) || (step !== 'contact-sms' && !plan.profile.hears)) throw invalid([{ field: 'step', expected: 'a step of this device that the house has to begin' }]);
    if (step === 'contact-sms') return ringFirst(ctx, sql, caller, i, request.id, seen.texts);
    const name = step === 'voice' ? 'voice' as const : 'test-call' as const;
    if (seen.commands.some((c) => c.name === name && (c.state === 'due' || c.state === 'sent'))) return null;
    await insertCommands(sql, ctx.seal, [{ deviceId: i.deviceId ?? '', alertId: null, name, say: null, args: name === 'voice' ? { text: testSentence } : {}, shown: false, by: caller.actor, validMs: limits.installStartMs, trace: request.id }]);
    return { action: 'start', detail: { step } };
  }));
  app.post('/api/v1/installations/:id/voice', {
    ...route, schema: { summary: 'What only ears know: whether its voice was understood, and who says so', tags, params: Params, headers: IdempotencyHeaders, body: Shape({ heard: Type.Boolean(), by: OneOf(['installer', 'elder', 'family']), at: EpochMs }), response: answers },
  }, (request) => act(request, request.params.id, async (sql, i, caller, looked) => {
    const { plan, seen } = await looked();
    if (!plan.steps.includes('voice')) throw invalid([{ field: 'heard', expected: 'a device that speaks and hears' }]);
    if (!seen.commands.some((c) => c.name === 'voice' && c.acknowledgedAt !== null)) throw new ApiError('E_CONFLICT', 'It has not spoken yet: start the voice first.', { more: { reason: 'not-spoken' } });
    await saveVoice(sql, i.id, { heard: request.body.heard, saidBy: request.body.by, by: caller.actor });
    return { action: 'voice', detail: { heard: request.body.heard, by: request.body.by } };
  }));
  app.post('/api/v1/installations/:id/test', {
    ...route, schema: { summary: 'Test mode for so many minutes more, never beyond two hours from the beginning; 0 ends it', tags, params: Params, headers: IdempotencyHeaders, body: Shape({ minutes: Type.Integer({ minimum: 0, maximum: limits.testMinutes }) }), response: answers },
  }, (request) => act(request, request.params.id, async (sql, i) => {
    const left = i.begunAt + limits.testMinutes * 60_000 - (await databaseNow(sql));
    if (left <= 0 && request.body.minutes > 0) throw new ApiError('E_CONFLICT', `The ${limits.testMinutes} minutes of this installation are over: begin again.`, { more: { reason: 'late' } });
    await bookTest(sql, i.deviceId ?? '', Math.min(request.body.minutes * 60_000, Math.max(0, left)));
    return { action: 'test', detail: { minutes: request.body.minutes } };
  }));
  app.post('/api/v1/installations/:id/answer', {
    ...route, schema: { summary: 'Was it you? true: his own press, the alert is closed as a test; false: no test, it is real at once', tags, params: Params, headers: IdempotencyHeaders, body: Shape({ alertId: AlertIdText, mine: Type.Boolean() }), response: answers },
  }, async (request) => {
    const caller = callerOf(request);
    const i = await scopedInstallation(ctx, ctx.db, caller, request.params.id);
    const { alertId, mine } = request.body;
    const open = (await look(ctx.db, i))?.alerts.find((a) => a.id === alertId);
    if (!open) throw new ApiError('E_CONFLICT', 'No alert of this installation waits for your answer: it is closed, or real by now.', { more: { reason: 'not-waiting' } });
    const done = await ctx.respond({
      alertId: alertId as AlertId, actor: { type: 'user', id: caller.id, name: caller.name }, via: 'api', trace: request.id, ...(mine ? { action: 'close', outcome: 'T1', note: '安装验收测试' } : { action: 'real' }),
    });
    if (done.kind !== 'ok') throw new ApiError('E_CONFLICT', 'Somebody was first.', { more: { reason: 'not-waiting' } });
    await ctx.audit({ actor: caller.actor, action: 'installation.answer', target: `installation:${i.id}`, result: 'ok', detail: { alertId, mine } });
    return answerFor(ctx, caller, i.id, (x) => certificateOf(ctx, x));
  });
}

function registerEnds(app: App, ctx: WebContext, act: Run): void {
  const route = { config: { access: may.install } };
  app.post('/api/v1/installations/:id/finish', {
    ...route, schema: { summary: '现场合格: the certificate for the days of the probation; 409 names what is missing', tags, params: Params, headers: IdempotencyHeaders, body: Shape({ at: EpochMs }), response: answers },
  }, (request) => act(request, request.params.id, async (sql, i, _caller, looked) => {
    if (i.state === 'on-site' || i.state === 'accepted') return null; // a repetition
    if (i.state !== 'begun') throw new ApiError('E_CONFLICT', `The installation is over: ${i.state}.`, { more: { reason: 'over', state: i.state } });
    await holdDevice(sql, i.deviceId ?? '');
    const { missing, seen } = await looked();
    if (missing.length > 0) throw new ApiError('E_CONFLICT', `No certificate yet, missing: ${missing.map((m) => m.what).join(', ')}.`, { fields: missing.map((m) => ({ field: m.what, expected: m.en })), more: { reason: 'missing', missing } });
    await moveInstallation(sql, ctx.seal, i.id, { state: 'on-site', clientAt: request.body.at, finished: true, probationDays });
    const certificate = await issueCertificate(sql, ctx.seal, i, seen.device?.secretBy ?? null);
    await correctHome(sql, i.homeId, { placeEnc: i.place === null ? null : ctx.seal.seal('home.place', i.place), lat: i.lat, lon: i.lon, accuracyM: i.accuracyM });
    await bookTest(sql, i.deviceId ?? '', 0);
    return { action: 'finish', detail: { deviceId: i.deviceId, certificate } };
  }, true));
  app.post('/api/v1/installations/:id/fail', {
    ...route, schema: { summary: '未成: why; it stands on the list of those to be done again', tags, params: Params, headers: IdempotencyHeaders, body: Shape({ reason: OneOf(failReasons), note: Type.Optional(Type.String({ maxLength: 200 })), at: EpochMs }), response: answers },
  }, (request) => act(request, request.params.id, async (sql, i) => {
    if (i.state === 'failed') return null;
    if (i.state !== 'begun') throw new ApiError('E_CONFLICT', `The installation is over: ${i.state}.`, { more: { reason: 'over', state: i.state } });
    await moveInstallation(sql, ctx.seal, i.id, { state: 'failed', reasons: [request.body.reason], note: request.body.note ?? null, clientAt: request.body.at, decided: true });
    await bookTest(sql, i.deviceId ?? '', 0);
    return { action: 'fail', detail: { reason: request.body.reason } };
  }, true));
  app.post('/api/v1/installations/:id/withdraw', {
    config: { access: may.writeResponders }, schema: { summary: 'The acceptance is withdrawn: its certificate is void, and it is to be done again', tags, params: Params, body: Shape({ note: Type.String({ minLength: 1, maxLength: 200 }) }), response: answers },
  }, (request) => act(request, request.params.id, async (sql, i) => {
    if (i.state !== 'on-site' && i.state !== 'accepted') throw new ApiError('E_CONFLICT', 'There is no acceptance to withdraw.', { more: { reason: 'over', state: i.state } });
    await moveInstallation(sql, ctx.seal, i.id, { state: 'to-redo', reasons: ['withdrawn'], note: request.body.note, decided: true });
    await revokeCertificate(sql, i.id, 'withdrawn');
    return { action: 'withdraw' };
  }, true));
}

/** The ring test to the first contact, unless one is under way. */
async function ringFirst(ctx: WebContext, sql: Sql, caller: Caller, i: Installation, trace: string, texts: Looked['seen']['texts']): Promise<Audited | null> {
  if (texts.some((t) => t.state !== 'failed')) return null;
  const id = await firstContactOf(sql, i.homeId, i.personId);
  if (id === null) throw new ApiError('E_CONFLICT', 'No contact is on file whom a test may ring.', { more: { reason: 'no-contact' } });
  await ringContact(ctx, sql, await scopedContact(ctx, caller, id), trace);
  return { action: 'start', detail: { step: 'contact-sms' satisfies StepName, contact: id } };
}
