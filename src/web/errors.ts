/** Errors of the API: one shape, one status per code, no stack, no SQL, no personal data in the text (docs/errors.md). */
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { DecodeError, OperatingError, type ErrorCode } from '#core/errors.ts';
import type { Logger } from '#ops/log.ts';
import { isTransient } from '#store/pool.ts';

export type FieldProblem = { field: string; expected: string };

/** The status of each code; docs/errors.md is held equal by a test. */
export const statusOf: Record<ErrorCode, number> = {
  E_CONFIG: 500, E_PORT_IN_USE: 500, E_DATABASE_UNREACHABLE: 503, E_DATABASE_UNSAFE: 503, E_SCHEMA_NEWER: 503, E_MIGRATION_CHANGED: 500, E_KEYS: 500,
  E_FRAME_UNREADABLE: 422, E_FRAME_TOO_LARGE: 413, E_TOPIC_FORBIDDEN: 403, E_OVERLOADED: 503, E_NOT_DURABLE: 503,
  E_UNAUTHENTICATED: 401, E_FORBIDDEN: 403, E_NOT_FOUND: 404, E_CONFLICT: 409, E_INVALID: 422, E_RATE_LIMITED: 429, E_GATEWAY: 502, E_INTERNAL: 500,
};

/** An answer that is not a success. `more` adds fields beside code and message (who was first, since when). */
export class ApiError extends Error {
  readonly code: ErrorCode;
  readonly status: number;
  readonly fields: readonly FieldProblem[] | undefined;
  readonly more: Record<string, unknown>;
  constructor(code: ErrorCode, message: string, options: { status?: number; fields?: readonly FieldProblem[]; more?: Record<string, unknown> } = {}) {
    super(message);
    this.name = 'ApiError';
    this.code = code;
    this.status = options.status ?? statusOf[code];
    this.fields = options.fields;
    this.more = options.more ?? {};
  }
}

/** 422 that names what is missing or wrong. */
export function invalid(fields: readonly FieldProblem[]): ApiError {
  return new ApiError('E_INVALID', `Missing or wrong: ${fields.map((f) => f.field).join(', ')}.`, { fields });
}

export type ErrorAnswer = { status: number; body: { error: { code: ErrorCode; message: string; fields?: readonly FieldProblem[] } & Record<string, unknown> } };

/** What any thrown thing looks like to the outside. What is not ours to explain becomes a plain 500. */
export function answerOf(error: unknown): ErrorAnswer {
  const answer = (status: number, code: ErrorCode, message: string, fields?: readonly FieldProblem[], more: Record<string, unknown> = {}): ErrorAnswer =>
    ({ status, body: { error: { code, message, ...(fields ? { fields } : {}), ...more } } });
  if (error instanceof ApiError) return answer(error.status, error.code, error.message, error.fields, error.more);
  if (error instanceof DecodeError) return answer(422, 'E_INVALID', error.message);
  const http = (error ?? {}) as Partial<FastifyError>;
  switch (http.code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE': return answer(413, 'E_FRAME_TOO_LARGE', 'The body is larger than the limit.');
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE': return answer(415, 'E_INVALID', 'This route does not take that content type.', [{ field: 'content-type', expected: 'application/json' }]);
    case 'FST_ERR_CTP_INVALID_JSON_BODY': case 'FST_ERR_CTP_EMPTY_JSON_BODY': return answer(422, 'E_INVALID', 'The body is not JSON.', [{ field: 'body', expected: 'JSON' }]);
    default:
  }
  if (isTransient(error)) return answer(503, 'E_DATABASE_UNREACHABLE', 'The database is away; try again.');
  if (error instanceof OperatingError && statusOf[error.code] < 500) return answer(statusOf[error.code], error.code, error.message);
  const status = http.statusCode ?? 500;
  if (status >= 400 && status < 500) return answer(status, status === 404 ? 'E_NOT_FOUND' : 'E_INVALID', 'The request is not valid HTTP for this server.');
  return answer(500, error instanceof OperatingError ? error.code : 'E_INTERNAL', 'Something failed on our side; it is logged.');
}

/** Fastify's error handler: logs our own faults with their cause, answers without it. */
export function errorHandler(log: Logger): (error: unknown, request: FastifyRequest, reply: FastifyReply) => void {
  return (error, request, reply) => {
    const { status, body } = answerOf(error);
    if (status >= 500) log.error({ err: error, method: request.method, route: request.routeOptions.url, trace: request.id }, 'request failed');
    const retryS = (error as ApiError).more?.['retryAfterS'];
    if (status === 429 || status === 503) reply.header('retry-after', String(retryS ?? 5));
    const allow = (error as ApiError).more?.['allow'];
    if (status === 405) reply.header('allow', (allow as string[]).join(', '));
    if (status === 401) reply.header('www-authenticate', 'Bearer realm="anling"');
    reply.code(status).header('content-type', 'application/json; charset=utf-8').header('cache-control', 'no-store').send(JSON.stringify(body));
  };
}
