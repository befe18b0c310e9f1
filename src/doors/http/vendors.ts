/**
 * Vendors' clouds at the HTTP door: `/vendors/{name}`. Who passes the door's check may speak for its devices; the answer is exactly what
 * the vendor wants, and comes when what was pushed is durable. What is signed and cannot be read is kept, alerts, and is answered too:
 * refusing it would make the vendor stop with everything else.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { DecodeError, type ErrorCode, OperatingError } from '#core/errors.ts';
import { limits } from '#core/limits.ts';
import type { AcceptStranger, RefusedPush } from '#core/publish.ts';
import type { VendorDoor } from '#core/vendor-door.ts';
import { allowed, plainAddress } from '#doors/networks.ts';
import type { Deliver } from '#doors/vendor-deliver.ts';
import type { Doors } from '#doors/vendor-doors.ts';
import type { EdgeMeter } from '#ops/edge-meter.ts';
import type { Logger } from '#ops/log.ts';
import type { Message, PushRequest, PushVendor } from '#vendors/push.ts';
import { pushVendors } from '#vendors/push-vendors.ts';

export type VendorHttpOptions = {
  doors: Doors; deliver: Deliver; stranger: AcceptStranger; refusedPush: (refused: RefusedPush) => void; log: Logger; meter: EdgeMeter; newTrace: () => string;
  /** The database's clock (law 9), by which a signature's time is judged. */ now: () => number;
};
type Pushed = FastifyRequest & { door?: { door: VendorDoor; vendor: PushVendor; address: string } };

export function registerVendors(app: FastifyInstance, options: VendorHttpOptions, known: (request: FastifyRequest) => void): void {
  app.route<{ Params: { name: string } }>({
    method: ['GET', 'POST'], url: '/vendors/:name', bodyLimit: limits.vendorBodyBytes,
    onRequest: async (request, reply) => enter(options, request, reply),
    handler: async (request, reply) => take(options, request, reply, known),
  });
}

/** Which door, and whether its list lets this address in, before a byte of the body is read. */
async function enter(options: VendorHttpOptions, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | undefined> {
  const { name } = request.params as { name: string };
  const door = options.doors.get(name);
  const vendor = door && pushVendors[door.kind];
  const address = addressOf(request);
  if (!door || !vendor || !door.enabled) {
    options.meter.rejected('no-such-door');
    return fail(reply, 404, 'E_NOT_FOUND', door && !door.enabled ? 'This door is switched off.' : 'No such door: an administrator opens one under 设置 → 厂商接入.');
  }
  if (!allowed(door.settings.addresses, address)) return refuse(options, reply, door, 'the address is not on this door’s list', address);
  (request as Pushed).door = { door, vendor, address };
  return undefined;
}

async function take(options: VendorHttpOptions, request: FastifyRequest, reply: FastifyReply, known: (request: FastifyRequest) => void): Promise<FastifyReply> {
  const entered = (request as Pushed).door;
  if (!entered) return fail(reply, 404, 'E_NOT_FOUND', 'No such door.');
  const { door, vendor, address } = entered;
  const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
  const opened = vendor.open(pushRequest(request, body), door, options.now());
  if ('refused' in opened) return refuse(options, reply, door, opened.refused, address);
  known(request);
  options.doors.seen(door.name);
  if ('challenge' in opened) return reply.code(200).type('text/plain').send(opened.challenge);
  let messages: Message[];
  try {
    messages = vendor.read(opened.plain, door.settings, options.now());
  } catch (error) {
    if (!(error instanceof DecodeError)) options.log.error({ door: door.name, error: (error as Error).message }, 'the reader of a vendor’s pushes failed; the push is kept');
    const why = error instanceof DecodeError ? error.message : 'decoder failed';
    await options.stranger({ door: door.name, key: '', reason: 'unknown', address, payload: opened.plain, trace: options.newTrace(), arrivedMs: performance.now(), alarm: { kind: null, unreadable: why } });
    return reply.code(200).type(vendor.answer.type).send(vendor.answer.body);
  }
  await options.deliver(door, messages, address);
  return reply.code(200).type(vendor.answer.type).send(vendor.answer.body);
}

function pushRequest(request: FastifyRequest, body: Buffer): PushRequest {
  const first = (all: Record<string, unknown>): Record<string, string> => Object.fromEntries(Object.entries(all).flatMap(([name, value]) => {
    const one: unknown = Array.isArray(value) ? value[0] : value;
    return typeof one === 'string' ? [[name, one]] : [];
  }));
  return { method: request.method === 'GET' ? 'GET' : 'POST', query: first(request.query as Record<string, unknown>), headers: first(request.headers), body };
}

function refuse(options: VendorHttpOptions, reply: FastifyReply, door: VendorDoor, why: string, address: string): FastifyReply {
  options.meter.rejected('vendor-check');
  options.doors.seen(door.name, why);
  options.refusedPush({ door: door.name, why, address });
  return fail(reply, 401, 'E_UNAUTHENTICATED', `Refused: ${why}.`);
}

/** Our own web role hands on whom it hears; from anybody else the header says nothing (M16). */
function addressOf(request: FastifyRequest): string {
  const own = plainAddress(request.socket.remoteAddress);
  const forwarded = request.headers['x-forwarded-for'];
  return (own === '127.0.0.1' || own === '::1') && typeof forwarded === 'string' ? plainAddress(forwarded.split(',').at(-1)) : own;
}

/** Errors of a push: not durable is 503 and comes again; anything else is named. */
export function vendorError(error: Error & { statusCode?: number }, request: FastifyRequest, reply: FastifyReply, options: Pick<VendorHttpOptions, 'meter' | 'refusedPush' | 'log'>): FastifyReply | null {
  const entered = (request as Pushed).door;
  if (!entered) return null;
  if (error instanceof OperatingError) return fail(reply.header('retry-after', '2'), 503, error.code, 'The push could not be made durable; push again.');
  if (error.statusCode === 413) {
    options.meter.rejected('oversize');
    options.refusedPush({ door: entered.door.name, why: `a push of more than ${limits.vendorBodyBytes} bytes`, address: entered.address });
    return fail(reply, 413, 'E_FRAME_TOO_LARGE', `At most ${limits.vendorBodyBytes} bytes.`);
  }
  options.log.error({ door: entered.door.name, error: error.message }, 'a push failed for a fault of ours');
  return fail(reply, 503, 'E_NOT_DURABLE', 'Push again.');
}

function fail(reply: FastifyReply, status: number, code: ErrorCode, message: string): FastifyReply {
  return reply.code(status).send({ error: { code, message } });
}
