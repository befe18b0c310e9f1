/**
 * The demonstration's time machine (ADR 0014): an administrator's token moves the one clock ahead, step by step, while everything
 * on file is a demonstration and no real phone can ring. The doors first write down what they have heard, the stand-in follows.
 */
import { Type } from 'typebox';
import { newId } from '#core/ids.ts';
import { limits } from '#core/limits.ts';
import { advanceClock, askDoors, clockAnswers, readAhead, realRows } from '#store/clock-travel.ts';
import { callerOf } from '#web/access.ts';
import type { App, WebContext } from '#web/context.ts';
import { ApiError } from '#web/errors.ts';
import { readGateway } from '#web/gateway.ts';
import { change } from '#web/registry.ts';
import { EpochMs, errorAnswers, Shape } from '#web/schemas.ts';

export function registerDemo(app: App, ctx: WebContext): void {
  const doors = createDoors(app, ctx);
  app.post('/api/v1/demo/clock', {
    config: { access: ['admin'] },
    schema: {
      summary: 'Move the clock of a demonstration ahead; 409 unless all data is demonstration data and the gateway is the stand-in', tags: ['ops'],
      body: Shape({ advanceMs: Type.Integer({ minimum: 1, maximum: limits.demoClockMs, description: 'milliseconds to go ahead' }) }),
      response: { 200: Shape({ now: EpochMs, aheadMs: Type.Number({ description: 'ahead of real time, by all journeys so far' }) }), ...errorAnswers },
    },
  }, async (request) => {
    const { advanceMs } = request.body;
    const { actor } = callerOf(request);
    await refuseRealLife(ctx);
    await doors.written();
    await follow(ctx, await readAhead(ctx.db) + advanceMs); // first: a call sent between the two must find its windows over
    const at = await change(ctx, async (sql) => {
      const result = await advanceClock(sql, advanceMs);
      return { result, audit: [{ actor, action: 'demo.clock', result: 'ok', detail: { advanceMs, aheadMs: result.aheadMs } }] };
    });
    return { now: Math.round(at.now), aheadMs: at.aheadMs };
  });
}

async function refuseRealLife(ctx: WebContext): Promise<void> {
  const gateway = await readGateway(ctx.db, ctx.settings);
  if (gateway.kind !== 'standin') throw new ApiError('E_CONFLICT', `The gateway is "${gateway.kind}": time is moved only where no real phone can ring (the stand-in).`);
  const real = await realRows(ctx.db);
  const named = Object.entries(real).map(([what, n]) => `${n} ${what}`).join(', ');
  if (named !== '') throw new ApiError('E_CONFLICT', `Not everything on file is demonstration data (${named}): the clock of real people is never moved.`);
}

/** The stand-in's windows, ringing and receipts run by the same clock. */
async function follow(ctx: WebContext, aheadMs: number): Promise<void> {
  if (ctx.standinUrl === undefined) return;
  const answer = await fetch(`${ctx.standinUrl}/api/clock`, {
    method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ aheadMs }), signal: AbortSignal.timeout(limits.sendMs),
  }).catch(() => null);
  await answer?.body?.cancel();
  if (!answer?.ok) throw new ApiError('E_GATEWAY', 'The stand-in does not answer: the clock was not moved.');
}

type Doors = { written(): Promise<void> };
/** Waits until every living door has written what it heard, a bounded while: a door that hangs holds up no demonstration. */
function createDoors(app: App, ctx: WebContext): Doors {
  const waiting = new Map<string, () => void>();
  let listening: Promise<() => Promise<void>> | null = null;
  app.addHook('onClose', async () => { await (await listening)?.(); });
  return {
    async written() {
      listening ??= ctx.db.listen([clockAnswers], (_, nonce) => waiting.get(nonce)?.());
      await listening;
      const nonce = newId('c', 12);
      let answers = 0;
      let wanted = Number.POSITIVE_INFINITY;
      let timer: NodeJS.Timeout | undefined;
      try {
        await new Promise<void>((resolve, reject) => {
          timer = setTimeout(resolve, limits.demoDoorsMs);
          waiting.set(nonce, () => { if (++answers >= wanted) resolve(); });
          askDoors(ctx.db, nonce).then((n) => { wanted = n; if (answers >= wanted) resolve(); }, reject);
        });
      } finally {
        clearTimeout(timer);
        waiting.delete(nonce);
      }
    },
  };
}
