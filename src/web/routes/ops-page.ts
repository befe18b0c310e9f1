/** 运行状况 as one answer: every figure with its mark, from the rows and from the roles' own metrics; readable by whoever must decide whether to get up. */
import { statfs } from 'node:fs/promises';
import { type Static, Type } from 'typebox';
import { summarize } from '#core/findings.ts';
import { limits } from '#core/limits.ts';
import { judge, type OpsFigures, opsLineIds } from '#core/ops-verdict.ts';
import { may } from '#core/user.ts';
import { createRate, sumOf } from '#ops/figures.ts';
import { aggregateMetrics } from '#ops/health.ts';
import { pagesBuild } from '#ops/pages.ts';
import { readBackups } from '#store/backup.ts';
import { countConsoles, readSending } from '#store/county-status.ts';
import { auditOf, auditorCalls, openFindings, outsideOf, readAuditor } from '#store/findings.ts';
import { livingNodes } from '#store/nodes.ts';
import { readOpsRows, readProviderErrors, recentBlindWindows } from '#store/ops-figures.ts';
import { listTemplateChecks } from '#store/template-check.ts';
import type { App, WebContext } from '#web/context.ts';
import { judgeTemplates, readGateway } from '#web/gateway.ts';
import { EpochMs, errorAnswers, Nullable, OneOf, Shape } from '#web/schemas.ts';
import { readHouse } from './ops.ts';

const View = Shape({
  serverTime: EpochMs, verdict: OneOf(['good', 'attention']),
  lines: Type.Array(Shape({ id: OneOf(opsLineIds), mark: OneOf(['good', 'attention', 'unknown']), values: Type.Object({}, { additionalProperties: Type.Union([Type.Number(), Type.String(), Type.Null()]) }) })),
  roles: Type.Array(Shape({ role: Type.String(), ready: Type.Boolean(), reasons: Type.Array(Type.String()) })),
  nodes: Type.Array(Shape({ id: Type.String(), role: Type.String(), startedAt: EpochMs, beatAgeMs: Type.Number(), version: Nullable(Type.String()) })),
  templates: Type.Array(Shape({ template: Type.String(), state: Type.String() }), { description: 'vital texts and the sign that are not approved' }),
  providerErrors: Type.Array(Shape({ channel: OneOf(['sms', 'voice']), code: Type.String(), count: Type.Integer(), lastAt: EpochMs })),
  blindWindows: Type.Array(Shape({ from: EpochMs, to: EpochMs, why: Type.String() })),
  findings: Type.Array(Shape({ kind: Type.String(), n: Type.Integer(), since: EpochMs, refs: Type.Array(Type.String(), { description: 'the first few' }) }), { description: 'what the auditor finds wrong, the worst first' }),
  auditorCalls: Type.Array(Shape({ at: EpochMs, role: Nullable(Type.String()), template: Type.String(), why: Type.String({ description: 'kinds of findings' }), state: OneOf(['sending', 'accepted', 'failed', 'unknown']), code: Nullable(Type.String()), outId: Type.String() }),
    { description: 'leaders whom the auditor has called itself in seven days, because no worker took up what it had found; such calls are no notifications of the outbox' }),
  build: Shape({ version: Type.String(), pages: Nullable(Type.String()) }), retention: Shape({ heartbeatDays: Type.Integer(), vitalDays: Type.Integer(), receiptDays: Type.Integer(), photoDays: Type.Integer() }),
});
export function registerOpsPage(app: App, ctx: WebContext): void {
  const rate = createRate(() => performance.now());
  app.get('/api/v1/ops', {
    config: { access: may.readOps }, schema: { summary: 'The house on one page: every figure with 正常 or 要处理', tags: ['ops'], response: { 200: View, ...errorAnswers } },
  }, async (): Promise<Static<typeof View>> => {
    const [house, doors, disk] = await Promise.all([readHouse(ctx), readDoors(ctx, rate), readDisk(ctx.settings.data)]);
    const began = performance.now();
    const rows = await readOpsRows(ctx.db);
    const answerMs = Math.round(performance.now() - began);
    const [sent, nodes, blind, checks, outbox, consoles, gateway, { history: [last], failed }] = await Promise.all([
      readProviderErrors(ctx.db), livingNodes(ctx.db), recentBlindWindows(ctx.db), listTemplateChecks(ctx.db), readSending(ctx.db), countConsoles(ctx.db), readGateway(ctx.db, ctx.settings), readBackups(ctx.db),
    ]);
    const [auditor, findings, calls] = [await readAuditor(ctx.db), await openFindings(ctx.db), await auditorCalls(ctx.db)];
    const shownNodes = nodes.map((n) => ({ id: n.id, role: n.role, startedAt: n.startedAt, beatAgeMs: n.ageMs, version: typeof n.detail['version'] === 'string' ? n.detail['version'] : null }));
    const { checked, bad } = judgeTemplates(checks, gateway.kind);
    const figures: OpsFigures = {
      roles: house.roles, gateway, templates: { checked, bad: bad.length }, events: rows.events, timers: rows.timers, outbox, consoles, doors, disk, clockOffsetMs: rows.clockOffsetMs, nodes: shownNodes,
      provider: { sent: sent.sent, failed: sent.errors.reduce((sum, e) => sum + e.count, 0) }, database: { answerMs, ...rows },
      blind: { count: blind.length, totalMs: blind.reduce((sum, b) => sum + b.to - b.from, 0) }, quarantined: rows.quarantined, feed: { seq: rows.feedSeq, at: rows.feedAt },
      audit: auditOf(auditor, findings), outside: outsideOf(auditor),
      backup: { ageMs: last ? rows.now - last.at : null, bytes: last?.bytes ?? 0, failed: failed !== null },
    };
    const lines = judge(figures);
    return {
      serverTime: rows.now, verdict: lines.some((line) => line.mark === 'attention') ? 'attention' : 'good', lines, roles: house.roles, nodes: shownNodes, templates: bad, providerErrors: sent.errors, blindWindows: blind,
      findings: summarize(findings).map(({ kind, n }) => { const of = findings.filter((f) => f.kind === kind); return { kind, n, since: of[0]?.foundAt ?? rows.now, refs: of.slice(0, 5).map((f) => f.ref) }; }),
      auditorCalls: calls,
      build: { version: ctx.version, pages: pagesBuild(ctx.settings.pages) },
      retention: { heartbeatDays: ctx.settings.heartbeatDays ?? limits.heartbeatDays, vitalDays: limits.vitalDays, receiptDays: Math.round(limits.receiptKeepMs / 86_400_000), photoDays: limits.photoDays },
    };
  });
}

/** What the edges tell of themselves; null where none answers. */
async function readDoors(ctx: WebContext, rate: (count: number | null) => number | null): Promise<OpsFigures['doors']> {
  const edges = ctx.peers().filter((peer) => /^edge(-\d+)?$/.test(peer.role));
  if (edges.length === 0) return null;
  const text = await aggregateMetrics(edges);
  const connected = sumOf(text, 'anling_devices_connected');
  if (connected === null) return null;
  return { connected, perSecond: rate(sumOf(text, 'anling_frames_received_total')), waiting: (sumOf(text, 'anling_urgent_waiting') ?? 0) + (sumOf(text, 'anling_telemetry_waiting') ?? 0), spooled: sumOf(text, 'anling_spool_rows') ?? 0 };
}

/** The disk of this machine's data folder; null where it cannot be asked. */
async function readDisk(folder: string | null): Promise<OpsFigures['disk']> {
  if (folder === null) return null;
  const disk = await statfs(folder).catch(() => null);
  return disk && { freeBytes: disk.bavail * disk.bsize, totalBytes: disk.blocks * disk.bsize };
}
