/** Runs a change once per idempotency key and caller: a repetition gets the first answer, a reuse for something else 422. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { dropKey, type KeptAnswer, keepAnswer, takeKey } from '#store/request-keys.ts';
import { callerOf } from './access.ts';
import type { WebContext } from './context.ts';
import { ApiError, answerOf, invalid } from './errors.ts';

export async function once<T>(ctx: WebContext, request: FastifyRequest, reply: FastifyReply, work: () => Promise<T>): Promise<T> {
  const key = request.headers['idempotency-key'];
  if (typeof key !== 'string') return work();
  return onceAs(ctx, { actor: callerOf(request).actor, key, of: `${request.method} ${request.url}\n${JSON.stringify(request.body ?? {})}` }, reply, work);
}

/**
 * As `once`, for whoever has no session. `of`: what a repetition has in common with the first.
 * `running`: the error to whom comes while the first is still being worked on.
 */
export async function onceAs<T>(ctx: WebContext, { actor, key, of: what, running }: { actor: string; key: string; of: string; running?: ApiError }, reply: FastifyReply, work: () => Promise<T>): Promise<T> {
  // Keyed: a body may be a single telephone number, which a plain hash would give away.
  const of = ctx.seal.secretHash(what).toString('base64');
  const claim = await takeKey(ctx.db, actor, key, of);
  if (claim.kind === 'other') throw invalid([{ field: 'idempotency-key', expected: 'a key not used for another request' }]);
  if (claim.kind === 'running') throw running ?? new ApiError('E_CONFLICT', 'The same request is being worked on; ask again.');
  if (claim.kind === 'done') {
    reply.header('idempotency-replayed', 'true');
    if (claim.answer.status < 300) { reply.code(claim.answer.status); return claim.answer.body as T; }
    const { code, message, fields, ...more } = (claim.answer.body as ReturnType<typeof answerOf>['body']).error;
    throw new ApiError(code, message, { status: claim.answer.status, more, ...(fields ? { fields } : {}) });
  }
  let answer: KeptAnswer;
  let failure: unknown;
  let result: T | undefined;
  try {
    result = await work();
    answer = { status: reply.statusCode, body: result };
  } catch (error) {
    failure = error;
    answer = answerOf(error);
  }
  if (answer.status >= 500) await dropKey(ctx.db, actor, key);
  else await keepAnswer(ctx.db, actor, key, of, answer);
  if (failure !== undefined) throw failure;
  return result as T;
}
