/** The flows' token on the routes that are theirs (access `flows`); everywhere else it is no token at all (store/tokens.ts). */
import type { IncomingHttpHeaders } from 'node:http';
import { isFlowsToken } from '#store/flows.ts';
import type { WebContext } from './context.ts';
import { ApiError } from './errors.ts';

export const flowsActor = 'token:flows';

/** `reads`: the route only reads, so the token of trials opens it too. */
export async function requireFlows(ctx: Pick<WebContext, 'db' | 'seal'>, headers: IncomingHttpHeaders, reads: boolean): Promise<void> {
  const secret = /^Bearer ([\w-]{20,200})$/i.exec(headers.authorization ?? '')?.[1];
  if (secret === undefined || !(await isFlowsToken(ctx.db, ctx.seal.secretHash(secret), reads ? ['flows', 'flows-trial'] : ['flows']))) throw new ApiError('E_UNAUTHENTICATED', 'This is for the flows of the house alone.');
}
