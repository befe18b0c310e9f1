/**
 * Provider callbacks: written down sealed, answered within the provider's 700 ms, understood later by notify. The secret
 * is the path, because pushes carry no signature; a wrong one is a plain 404. A callback that the database
 * does not take is kept on this machine's disk (kept-hooks.ts); where that fails too it is answered 503, and the provider pushes it again.
 */
import { timingSafeEqual } from 'node:crypto';
import { Type } from 'typebox';
import { insertReceipt, type ReceiptKind } from '#store/receipts.ts';
import type { App, WebContext } from '#web/context.ts';
import { ApiError } from '#web/errors.ts';
import { Shape } from '#web/schemas.ts';

const kinds: readonly ReceiptKind[] = ['sms-report', 'sms-up', 'voice-report', 'voice-call-report'];
/** Answered by then, written or not; the provider waits 700 ms. */
export const answerMs = 600;
const bodyBytes = 512 * 1024;

const Params = Shape({ secret: Type.String() });
const Said = Shape({ code: Type.Integer(), msg: Type.String() });
/** Addresses that only the provider knows stay out of the published document. */
const common = { config: { access: 'hook' as const }, logLevel: 'silent' as const };

/** POST|GET /hooks/aliyun/{secret}/{kind}. */
export function registerHooks(app: App, ctx: WebContext): void {
  const counter = ctx.metrics.counter('hooks', 'Provider callbacks, by how they were answered', ['kind', 'answer']);
  const known = Buffer.from(ctx.seal.hookSecret);
  const checkSecret = (given: string): void => {
    const bytes = Buffer.from(given);
    if (known.length > 0 && bytes.length === known.length && timingSafeEqual(bytes, known)) return;
    counter.inc({ kind: 'any', answer: 'wrong-secret' });
    throw new ApiError('E_NOT_FOUND', 'No such page or route.');
  };
  void app.register((inner, _, done) => {
    const scope = inner as unknown as App;
    // The body is kept as it came, whatever its type says: what it means is decided later, and then again if need be.
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', { parseAs: 'string', bodyLimit: bodyBytes }, (_request, body, parsed) => parsed(null, body));
    for (const kind of kinds) {
      const url = `/hooks/aliyun/:secret/${kind}`;
      scope.get(url, { ...common, schema: { hide: true, params: Params, response: { 200: Said } } }, async (request) => {
        checkSecret(request.params.secret);
        return { code: 0, msg: '成功' };
      });
      scope.post(url, { ...common, bodyLimit: bodyBytes, schema: { hide: true, params: Params, response: { 200: Said, 503: Said } } }, async (request, reply) => {
        checkSecret(request.params.secret);
        const body = typeof request.body === 'string' ? request.body : '';
        const written = await within(answerMs, insertReceipt(ctx.db, ctx.seal, kind, body)).catch((error: unknown) => {
          ctx.log.warn({ kind, error: (error as Error).name }, 'a provider callback could not be written to the database');
          return null;
        }) ?? (await ctx.keepHook?.(kind, body) ? 'kept' : null);
        counter.inc({ kind, answer: written === null ? 'unwritten' : written === 'kept' ? 'kept' : written ? 'written' : 'repeat' });
        return written === null ? reply.code(503).send({ code: 1, msg: '请重试' }) : reply.send({ code: 0, msg: '接收成功' });
      });
    }
    done();
  });
}

async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => { timer = setTimeout(() => reject(new Error('late')), ms); });
  work.catch(() => {}); // it may still be written: the same body pushed again is then a repeat
  try { return await Promise.race([work, late]); } finally { clearTimeout(timer); }
}
