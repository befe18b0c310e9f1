import { readFileSync } from 'node:fs';
import { Type } from 'typebox';
import { describe, expect, it } from 'vitest';
import { DecodeError, errorCodes, InvariantError, OperatingError } from '#core/errors.ts';
import { ApiError, answerOf, statusOf } from './errors.ts';
import { type fieldProblems, validatorCompiler } from './validation.ts';
import { Nullable, OneOf, Shape } from './schemas.ts';

describe('error answers', () => {
  it('have the statuses that docs/errors.md tells, for every code', () => {
    const text = readFileSync('docs/errors.md', 'utf8');
    for (const code of Object.keys(errorCodes) as (keyof typeof errorCodes)[]) {
      const line = text.split('\n').find((l) => l.startsWith(`| \`${code}\` |`));
      expect(line, code).toBeDefined();
      const told = /\| (\d{3}) \|/.exec(line ?? '')?.[1] ?? /HTTP (\d{3})/.exec(line ?? '')?.[1];
      if (told !== undefined) expect([code, statusOf[code]]).toEqual([code, Number(told)]);
    }
  });

  it('tell nothing of what is inside', () => {
    for (const error of [new Error('select secret from person'), new InvariantError('row 15404250001'), new TypeError('x is not a function'), 'text', null, { code: '23505', detail: 'Key (phone)=(15404250001)' }]) {
      const { status, body } = answerOf(error);
      expect([status, body.error.code]).toEqual([500, 'E_INTERNAL']);
      expect(JSON.stringify(body)).not.toMatch(/secret|1540425|23505|function/);
    }
  });

  it('tell a database that is away from a fault, and keep what an ApiError adds', () => {
    expect(answerOf(Object.assign(new Error('x'), { code: '57P01' }))).toMatchObject({ status: 503, body: { error: { code: 'E_DATABASE_UNREACHABLE' } } });
    expect(answerOf(Object.assign(new Error('x'), { code: 'ECONNREFUSED' })).status).toBe(503);
    expect(answerOf(new ApiError('E_CONFLICT', 'm', { more: { by: '张三' } }))).toEqual({ status: 409, body: { error: { code: 'E_CONFLICT', message: 'm', by: '张三' } } });
    expect(answerOf(new OperatingError('E_CONFLICT', 'm')).status).toBe(409);
    expect(answerOf(new OperatingError('E_KEYS', 'the key file /root/x')).body.error.message).not.toContain('/root');
    expect(answerOf(new DecodeError('bytes')).status).toBe(422);
  });
});

describe('validation', () => {
  const check = (schema: Parameters<typeof fieldProblems>[0], data: unknown, httpPart = 'body'): unknown => {
    const result = validatorCompiler({ schema, method: 'POST', url: '/', httpPart })(data as never) as { value?: unknown; error?: ApiError };
    return result.error ? result.error.fields : result.value;
  };

  it('names nested fields, missing ones, surplus ones and alternatives', () => {
    const schema = Shape({ a: Shape({ b: Type.Integer({ minimum: 3 }) }), list: Type.Array(Shape({ k: OneOf(['x', 'y']) })), maybe: Nullable(Type.String({ maxLength: 2 })) });
    expect(check(schema, { a: { b: 1, c: 2 }, list: [{ k: 'x' }, { k: 'z' }], maybe: 5 })).toEqual(expect.arrayContaining([
      { field: 'a.b', expected: 'integer, at least 3' }, { field: 'a.c', expected: 'no such field' }, { field: 'list.1.k', expected: 'one of x, y' },
    ]));
    expect((check(schema, {}) as { field: string }[]).map((f) => f.field)).toEqual(['a', 'list', 'maybe']);
    expect(check(schema, [])).toEqual([{ field: 'body', expected: 'object' }]);
  });

  it('coerces queries, never bodies; a missing body is an empty one', () => {
    const schema = Shape({ n: Type.Optional(Type.Integer()), yes: Type.Optional(Type.Boolean()) });
    expect(check(schema, { n: '5', yes: 'true' }, 'querystring')).toEqual({ n: 5, yes: true });
    expect(check(schema, { n: '5' })).toEqual([{ field: 'n', expected: 'integer' }]);
    expect(check(schema, undefined)).toEqual({});
    expect(check(schema, { n: 'five' }, 'querystring')).toEqual([{ field: 'n', expected: 'integer' }]);
  });

  it('refuses text that the database could not hold, wherever it hides', () => {
    const schema = Type.Object({ deep: Type.Array(Type.Object({}, { additionalProperties: true })) });
    expect(check(schema, { deep: [{ ok: 'x' }, { bad: 'a\0b' }] })).toEqual([{ field: 'deep.1.bad', expected: 'text without NUL and broken surrogates' }]);
    expect(check(schema, { deep: [{ bad: '\ud800' }] })).toHaveLength(1);
    expect(check(schema, { deep: [{ fine: '𠮷野家' }] })).toEqual({ deep: [{ fine: '𠮷野家' }] });
  });
});
