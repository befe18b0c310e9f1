/** The flows as they are deployed, asked of the process that runs them: kept as a version after each deploy, and deployed again when somebody goes back to one. */
import { areItems, type FlowItem } from '#core/flow-change.ts';
import { flowsHeader, flowsSecretOf } from '#core/flows.ts';
import { keepVersion, type VersionReason } from '#store/flow-versions.ts';
import { livingNodes } from '#store/nodes.ts';
import type { WebContext } from './context.ts';
import { ApiError } from './errors.ts';

/** The loopback port of the editor; throws 503 when flows are off or not up. */
export async function portOf(ctx: Pick<WebContext, 'db'>): Promise<number> {
  const node = (await livingNodes(ctx.db)).find((n) => n.role === 'flows' && n.ageMs < 15_000);
  const port = (node?.detail['flows'] as { port?: unknown } | undefined)?.port;
  if (typeof port !== 'number') throw new ApiError('E_OVERLOADED', node ? 'The flows are being started; try again.' : 'The flows are off: start the house with --flows.');
  return port;
}
export const secretOf = (ctx: Pick<WebContext, 'seal'>): string => ctx.seal.secretHash(flowsSecretOf.editor).toString('base64url');

/** What of the editor's own calls deploys: all flows, or one tab. */
export const isDeploy = (method: string, url: string): boolean => method !== 'GET' && /^\/flows\/(flows|flow(\/[\w.-]+)?)\/?$/.test(url.split('?')[0] ?? '');

async function ask(ctx: WebContext, port: number, init: RequestInit): Promise<Response> {
  try {
    return await fetch(`http://127.0.0.1:${port}/flows/flows`, { ...init, redirect: 'error', signal: AbortSignal.timeout(20_000), headers: { ...init.headers, [flowsHeader]: secretOf(ctx) } });
  } catch { throw new ApiError('E_OVERLOADED', 'The flows do not answer; they may have been ended and are being started again.'); }
}

/** Keeps what is deployed now; null: it is the newest version already. */
export async function keepDeployed(ctx: WebContext, port: number, of: { by: string; why: VersionReason; fromId?: string }): Promise<string | null> {
  const answer = await ask(ctx, port, {});
  const items: unknown = answer.ok ? await answer.json() : null;
  if (!areItems(items)) throw new ApiError('E_OVERLOADED', 'The flows gave no flow file.');
  return keepVersion(ctx.db, ctx.seal, items, of);
}

/** Deploys all of these in place of what is there. Secrets are no part of them: those that the process holds stay. */
export async function deploy(ctx: WebContext, port: number, items: readonly FlowItem[]): Promise<void> {
  const answer = await ask(ctx, port, { method: 'POST', headers: { 'content-type': 'application/json', 'node-red-deployment-type': 'full' }, body: JSON.stringify(items) });
  if (!answer.ok) throw new ApiError('E_CONFLICT', `The flows did not take it: ${answer.status} ${(await answer.text()).slice(0, 200)}`);
}
