/**
 * Doors of vendors' clouds (厂商接入): open one, change its secrets and what its frames mean, switch it off; and what a frame would say,
 * tried on frames that stand in quarantine. Secrets go in and never come out; a key that we make is shown once, in the address.
 */
import { type Static, Type } from 'typebox';
import { coordinateSystems } from '#core/coordinates.ts';
import { deviceKinds, edges } from '#core/event.ts';
import { limits } from '#core/limits.ts';
import { may } from '#core/user.ts';
import { type DoorKind, type DoorSettings, doorKinds, emptySettings } from '#core/vendor-door.ts';
import { databaseNow } from '#store/nodes.ts';
import { findQuarantined } from '#store/quarantine-admin.ts';
import { gapDays, pullStates } from '#store/vendor-pulls.ts';
import { countDoors, deleteDoor, insertDoor, listDoors, updateDoor } from '#store/vendor-doors.ts';
import { callerOf, requireScope, requireWholeCounty } from '#web/access.ts';
import type { App, WebContext } from '#web/context.ts';
import { ApiError, type FieldProblem, invalid } from '#web/errors.ts';
import { change, nothing, rowNumber, versionConflict } from '#web/registry.ts';
import { DoorName, VersionNumber } from '#web/registry-schemas.ts';
import { EpochMs, errorAnswers, Nullable, Ok, OneOf, Shape } from '#web/schemas.ts';
import { newSecret } from '#web/session.ts';

const tags = ['vendors'];
const Place = Type.String({ pattern: '^[^.\\[\\]]{1,64}(?:\\.[^.\\[\\]]{1,64}|\\[\\d{1,4}\\]){0,15}$', description: 'where it stands: a.b[0].c' });
const Kind = OneOf(deviceKinds);
const Mapping = Shape({
  list: Type.Optional(Place), device: Place, time: Type.Optional(Place), id: Type.Optional(Place),
  events: Type.Array(Shape({ at: Place, is: Type.Optional(Type.String({ maxLength: 100, description: 'the value; absent: anything but off' })), kind: Kind, edge: Type.Optional(OneOf(edges)) }), { maxItems: 50 }),
  else: OneOf(['heartbeat', 'unreadable'], 'what fits no line: a sign of life, or unreadable, which alerts'),
  readings: Type.Record(Type.String({ pattern: '^(battery|rssi|mains|fw|temp|cell|seq|heartRate|breath|spo2|sbp|dbp|bodyTemp|bed)$' }), Place),
});
const Settings = Shape({
  alarms: Type.Record(Type.String({ pattern: '^\\S{1,64}$' }), Kind, { description: 'what the plain “alarm” of a product means, by its id; * of any' }),
  addresses: Type.Array(Type.String({ pattern: '^[0-9a-fA-F.:]{2,45}(/[0-9]{1,3})?$', description: 'an address or a network (1.2.3.0/24)' }), { maxItems: 50 }),
  mapping: Nullable(Mapping),
  crs: Type.Optional(OneOf(coordinateSystems, 'the system of its positions, where the vendor says none and they are not WGS-84')),
  history: Type.Optional(Nullable(Shape({ url: Type.Optional(Type.String({ maxLength: 200, pattern: '^https?://[A-Za-z0-9.:\\[\\]-]+(/[A-Za-z0-9._~/-]*)?$', description: 'another platform than the public one' })) }))),
  port: Nullable(Type.Integer({ minimum: 1, maximum: 65_535, description: 'kind watch: the TCP port it listens on' })),
});
const SomeSettings = Shape(Type.Partial(Type.Object(Settings.properties)).properties);
const Secrets = Type.Record(Type.String({ pattern: '^[A-Za-z]{1,20}$' }), Type.String({ minLength: 1, maxLength: 2_000 }), { description: 'as the kind asks for them' });
const Title = Type.String({ maxLength: 60 });
const Count = Type.Number({ minimum: 0 });
/** Reading of the vendor's history; counts of the last seven days. */
const Pull = Shape({
  cursorAt: Nullable(EpochMs), lastAt: Nullable(EpochMs), okAt: Nullable(EpochMs), failingSince: Nullable(EpochMs), why: Nullable(Type.String()), skewMs: Nullable(Type.Number({ description: 'the vendor’s clock before ours' })),
  behind: Type.Integer({ description: 'devices whose history could not be read yet' }), records: Count, missing: Count, filled: Count, alarms: Count,
});
const DoorView = Shape({
  name: DoorName, kind: OneOf(doorKinds), title: Type.String(), settings: Settings, enabled: Type.Boolean(), secretsSet: Type.Array(Type.String()), devices: Type.Integer(), path: Type.String(),
  lastAt: Nullable(EpochMs), refusedAt: Nullable(EpochMs), refusedWhy: Nullable(Type.String()), version: Type.Integer(), pull: Nullable(Pull),
});
const KindHelp = Shape({ kind: OneOf(doorKinds), pushes: Type.Boolean(), history: Nullable(Shape({ url: Type.String(), needs: Type.Array(Type.String()) })), secrets: Type.Array(Shape({ name: Type.String(), what: Type.String(), pattern: Type.String(), optional: Type.Boolean() })) });

/** What is wrong with a door's secrets and settings, by field. */
function problemsOf(ctx: WebContext, kind: DoorKind, secrets: Readonly<Record<string, string>>, settings: DoorSettings, whole: boolean, kept: readonly string[] = []): FieldProblem[] {
  const wanted = ctx.vendors?.kinds.find((k) => k.kind === kind)?.secrets ?? [];
  const problems: FieldProblem[] = [];
  for (const { name, what, pattern, optional } of wanted) {
    const given = secrets[name];
    if (given === undefined ? whole && !optional : !new RegExp(pattern).test(given)) problems.push({ field: `secrets.${name}`, expected: `${what}, like ${pattern}` });
  }
  for (const name of Object.keys(secrets)) if (!wanted.some((w) => w.name === name)) problems.push({ field: `secrets.${name}`, expected: wanted.length === 0 ? 'nothing: this kind has no secrets' : `only ${wanted.map((w) => w.name).join(', ')}` });
  for (const [i, address] of settings.addresses.entries()) if (Number(address.split('/')[1] ?? 0) > (address.includes(':') ? 128 : 32)) problems.push({ field: `settings.addresses.${i}`, expected: 'a network whose bits fit its address' });
  if (kind === 'mapping' && settings.mapping === null) problems.push({ field: 'settings.mapping', expected: 'where the device, the time and the alarms stand' });
  problems.push(...historyProblems(ctx, kind, [...kept, ...Object.keys(secrets)], settings));
  if (kind === 'watch' && settings.port === null) problems.push({ field: 'settings.port', expected: 'the TCP port that the watches are told' });
  return problems;
}

/** Reading a history needs a kind that keeps one, its secrets, and a connection that nobody listens to. */
function historyProblems(ctx: WebContext, kind: DoorKind, have: readonly string[], { history }: DoorSettings): FieldProblem[] {
  if (history == null) return [];
  const keeps = ctx.vendors?.kinds.find((k) => k.kind === kind)?.history;
  if (!keeps) return [{ field: 'settings.history', expected: 'null: the history of this kind cannot be read' }];
  const open = history.url !== undefined && !/^https:|^http:\/\/(127\.0\.0\.1|localhost|\[::1\])[:/]?/.test(history.url);
  return [...keeps.needs.filter((name) => !have.includes(name)).map((name) => ({ field: `secrets.${name}`, expected: 'what reading the history needs' })), ...(open ? [{ field: 'settings.history.url', expected: 'https:// (http only on this machine)' }] : [])];
}

export function registerVendorDoors(app: App, ctx: WebContext): void {
  app.get('/api/v1/vendor-doors', {
    config: { access: may.readDoors },
    schema: { summary: '厂商接入: doors of vendors’ clouds, and what each kind needs; secrets by their names only', tags, response: { 200: Shape({ doors: Type.Array(DoorView), kinds: Type.Array(KindHelp), publicUrl: Type.String() }), ...errorAnswers } },
  }, async () => {
    const pulls = await pullStates(ctx.db);
    return {
      doors: (await listDoors(ctx.db, ctx.seal)).map((door) => ({ ...door, path: `/vendors/${door.name}`, pull: door.settings.history == null ? null : (pulls.get(door.name) ?? null) })) as Static<typeof DoorView>[],
      kinds: (ctx.vendors?.kinds ?? []) as unknown as Static<typeof KindHelp>[], publicUrl: ctx.settings.publicUrl,
    };
  });
  app.post('/api/v1/vendor-doors', {
    config: { access: may.writeDoors },
    schema: {
      summary: 'Open a door; where the kind knows a key in the address and none is given, one is made and shown once', tags,
      body: Shape({ name: DoorName, kind: OneOf(doorKinds), title: Type.Optional(Title), secrets: Type.Optional(Secrets), settings: Type.Optional(SomeSettings), enabled: Type.Optional(Type.Boolean()) }),
      response: { 201: Shape({ name: Type.String(), version: Type.Integer(), url: Type.String({ description: 'what the vendor is told; holds a key that was made' }) }), ...errorAnswers },
    },
  }, async (request, reply) => {
    const caller = callerOf(request);
    requireWholeCounty(caller);
    const { name, kind, title = '', secrets: given = {}, settings: some = {}, enabled = true } = request.body;
    const settings = { ...emptySettings, ...some } as DoorSettings;
    const keyed = ctx.vendors?.kinds.find((k) => k.kind === kind)?.secrets.some((s) => s.name === 'key') === true && kind !== 'watch-cloud';
    const secrets = keyed && given['key'] === undefined ? { ...given, key: newSecret() } : given;
    const problems = problemsOf(ctx, kind, secrets, settings, true);
    if (problems.length > 0) throw invalid(problems);
    await change(ctx, async (sql) => {
      if ((await countDoors(sql)) >= limits.vendorDoors) throw new ApiError('E_CONFLICT', `At most ${limits.vendorDoors} doors.`);
      await insertDoor(sql, ctx.seal, { name, kind, title, secrets, settings, enabled, by: caller.actor });
      return { result: null, audit: [{ actor: caller.actor, action: 'vendor-door.open', target: `vendor-door:${name}`, result: 'ok', detail: { kind, secrets: Object.keys(secrets) } }] };
    });
    reply.code(201);
    return { name, version: 1, url: `${ctx.settings.publicUrl}/vendors/${name}${keyed && given['key'] === undefined ? `?key=${secrets['key']}` : ''}` };
  });
  registerOne(app, ctx);
  registerPreview(app, ctx);
}

function registerOne(app: App, ctx: WebContext): void {
  const params = Shape({ id: Type.String({ minLength: 1, maxLength: 40 }) });
  app.patch('/api/v1/vendor-doors/:id', {
    config: { access: may.writeDoors },
    schema: {
      summary: 'Change a door; secrets that are not named stay', tags, params,
      body: Shape({ version: VersionNumber, title: Type.Optional(Title), secrets: Type.Optional(Secrets), settings: Type.Optional(SomeSettings), enabled: Type.Optional(Type.Boolean()) }), response: { 200: Shape({ name: Type.String(), version: Type.Integer() }), ...errorAnswers },
    },
  }, async (request) => {
    const caller = callerOf(request);
    requireWholeCounty(caller);
    const { version, title, secrets, settings: some, enabled } = request.body;
    const door = (await listDoors(ctx.db, ctx.seal)).find((d) => d.name === request.params.id);
    if (!door) throw nothing();
    const settings = { ...door.settings, ...some } as DoorSettings;
    const problems = problemsOf(ctx, door.kind, secrets ?? {}, settings, false, door.secretsSet);
    if (problems.length > 0) throw invalid(problems);
    const next = await change(ctx, async (sql) => {
      const patch = { settings, ...(title !== undefined && { title }), ...(secrets !== undefined && { secrets }), ...(enabled !== undefined && { enabled }) };
      const result = await updateDoor(sql, ctx.seal, door.name, version, patch, caller.actor);
      if (result === null) throw versionConflict(door.version);
      return { result, audit: [{ actor: caller.actor, action: 'vendor-door.change', target: `vendor-door:${door.name}`, result: 'ok', detail: { fields: Object.keys(request.body), secrets: Object.keys(secrets ?? {}), enabled: enabled ?? door.enabled } }] };
    });
    return { name: door.name, version: next };
  });
  app.get('/api/v1/vendor-doors/:id/gaps', {
    config: { access: may.readDoors },
    schema: {
      summary: 'What the vendor had and did not push, day by day, newest first: the proof for the vendor', tags, params,
      response: { 200: Shape({ days: Type.Array(Shape({ door: Type.String(), day: Type.String(), rounds: Count, records: Count, missing: Count, filled: Count, alarms: Count, oldestMs: Type.Number({ description: 'the greatest age at which something was back-filled' }) })) }), ...errorAnswers },
    },
  }, async (request) => {
    if (!(await listDoors(ctx.db, ctx.seal)).some((d) => d.name === request.params.id)) throw nothing();
    return { days: await gapDays(ctx.db, request.params.id, limits.vendorGapRows) };
  });
  app.delete('/api/v1/vendor-doors/:id', {
    config: { access: may.writeDoors }, schema: { summary: 'Close a door that no device is bound to', tags, params, response: { 200: Ok, ...errorAnswers } },
  }, async (request) => {
    const caller = callerOf(request);
    requireWholeCounty(caller);
    await change(ctx, async (sql) => {
      if (!(await deleteDoor(sql, request.params.id))) throw nothing();
      return { result: null, audit: [{ actor: caller.actor, action: 'vendor-door.close', target: `vendor-door:${request.params.id}`, result: 'ok' }] };
    });
    return { ok: true as const };
  });
}

function registerPreview(app: App, ctx: WebContext): void {
  app.post('/api/v1/vendor-doors/preview', {
    config: { access: may.openQuarantine },
    schema: {
      summary: 'What a frame would say behind a door with these settings: a text, or one from quarantine (audited)', tags,
      body: Shape({ kind: OneOf(doorKinds), settings: Type.Optional(SomeSettings), text: Type.Optional(Type.String({ maxLength: limits.payloadBytesHard })), quarantineId: Type.Optional(Type.String({ pattern: '^[1-9]\\d{0,17}$' })) }),
      response: {
        200: Shape({
          frame: Type.String(), problem: Nullable(Type.String()),
          messages: Type.Array(Shape({ keys: Type.Array(Type.String()), unreadable: Nullable(Type.String()), said: Type.Array(Shape({ channel: Type.String(), what: Type.Unknown() })) })),
        }), ...errorAnswers,
      },
    },
  }, async (request) => {
    const caller = callerOf(request);
    const { kind, settings, text, quarantineId } = request.body;
    if (!ctx.vendors) throw new ApiError('E_OVERLOADED', 'This process knows no vendors.');
    if ((text === undefined) === (quarantineId === undefined)) throw invalid([{ field: 'text', expected: 'a text or a quarantineId, one of them' }]);
    let frame: Buffer = Buffer.from(text ?? '');
    let at = await databaseNow(ctx.db);
    if (quarantineId !== undefined) {
      const kept = await findQuarantined(ctx.db, ctx.seal, rowNumber(quarantineId));
      if (!kept) throw nothing();
      requireScope(caller, kept.regionCode);
      await ctx.audit({ actor: caller.actor, action: 'quarantine.reveal', target: `quarantine:${kept.id}`, result: 'ok', detail: { address: request.ip, for: 'mapping' } });
      frame = kept.raw;
      at = kept.receivedAt;
    }
    return { frame: frame.toString(), ...ctx.vendors.preview(kind, { ...emptySettings, ...settings } as DoorSettings, frame, at) } as never;
  });
}
