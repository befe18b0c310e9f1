/** Which gateway is in use and whether a real phone rings: with real elders on file and the stand-in as gateway none does, and that is said everywhere. */
import { vitalTemplates } from '#core/provider.ts';
import type { Sql } from '#store/pool.ts';
import type { TemplateCheck } from '#store/template-check.ts';
import { readDataKind } from '#store/county-status.ts';
import type { WebSettings } from './context.ts';

export type GatewayState = { kind: 'standin' | 'aliyun' | 'http'; realPhones: boolean; /** real elders, but no real phone rings */ danger: boolean; demo: boolean };

export async function readGateway(sql: Sql, settings: Pick<WebSettings, 'gateway'>): Promise<GatewayState> {
  const data = await readDataKind(sql);
  const kind = settings.gateway ?? 'standin';
  return { kind, realPhones: kind !== 'standin', danger: kind === 'standin' && data.real, demo: data.demo };
}

/** States of a vital text with which an emergency is not told. */
const untold: ReadonlySet<string> = new Set(['no-code', 'not-found', 'pending', 'rejected', 'other-text', 'no-answer']);
const vital: ReadonlySet<string> = new Set<string>([...vitalTemplates, 'sign']);

/** How many texts this gateway was asked about, and the vital ones (the sign too) that are not approved. */
export function judgeTemplates(checks: readonly TemplateCheck[], kind: GatewayState['kind']): { checked: number; bad: { template: string; state: string }[] } {
  const mine = checks.filter((c) => c.gateway === kind);
  return { checked: mine.length, bad: mine.filter((c) => vital.has(c.template) && untold.has(c.state)).map(({ template, state }) => ({ template, state })) };
}
