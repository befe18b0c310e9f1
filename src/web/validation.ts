/**
 * Checks what comes in and what goes out against the routes' TypeBox schemas. Wrong input is 422 and names every field
 * and what was expected; bodies are never coerced, queries and params (text by nature) are.
 */
import type { FastifySchemaCompiler, FastifySerializerCompiler } from 'fastify/types/schema.js';
import type { TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { Settings } from 'typebox/system';
import type { Logger } from '#ops/log.ts';
import { type FieldProblem, invalid } from './errors.ts';

Settings.Set({ maxErrors: 400 }); // a bulk form reports line by line

type Problem = { keyword: string; instancePath: string; schemaPath: string; params: Record<string, unknown>; message: string };

/** Fastify's validator: the result's `value` replaces what came in, an ApiError is thrown by Fastify as it is. */
export const validatorCompiler: FastifySchemaCompiler<TSchema> = ({ schema, httpPart }) => {
  const check = Compile(schema);
  const part = httpPart ?? 'body';
  return (data: unknown) => {
    const value = part === 'body' ? (data ?? {}) : check.Convert(data as never);
    if (!check.Check(value)) return { error: invalid(fieldProblems(schema, check.Errors(value as never) as unknown as Problem[], part)) };
    const bad = unstorable(value, '');
    if (bad !== null) return { error: invalid([{ field: bad || part, expected: 'text without NUL and broken surrogates' }]) };
    return { value };
  };
};

/** Answers are sent as they are; one that breaks its schema is our bug: logged, and in strict tests a failure. */
export function serializerCompiler(log: Logger, strict: boolean): FastifySerializerCompiler<TSchema> {
  return ({ schema, url, httpStatus }) => {
    const check = Compile(schema);
    return (data: unknown) => {
      if (!check.Check(data)) {
        const problems = fieldProblems(schema, check.Errors(data as never) as unknown as Problem[], 'answer');
        log.error({ url, httpStatus, problems }, 'an answer does not match its schema');
        if (strict) throw new Error(`answer of ${url} ${httpStatus}: ${JSON.stringify(problems)}`);
      }
      return JSON.stringify(data);
    };
  };
}

/** TypeBox's errors as the fields and expectations of an answer: one line per field, alternatives joined. */
export function fieldProblems(schema: TSchema, problems: readonly Problem[], part: string): FieldProblem[] {
  const found = new Map<string, Set<string>>();
  const add = (field: string, expected: string): void => { found.set(field, (found.get(field) ?? new Set()).add(expected)); };
  for (const p of problems) {
    const path = p.instancePath.slice(1).replaceAll('/', '.');
    const under = (name: string): string => (path === '' ? name : `${path}.${name}`);
    if (p.keyword === 'required') for (const name of p.params['requiredProperties'] as string[]) add(under(name), expectation(schemaAt(schema, under(name))));
    else if (p.keyword === 'additionalProperties') for (const name of p.params['additionalProperties'] as string[]) add(under(name), 'no such field');
    else if (p.keyword !== 'boolean' && p.keyword !== 'anyOf') add(path || part, expectation(schemaAt(schema, path)));
    else if (p.keyword === 'anyOf') add(path || part, expectation(schemaAt(schema, path)));
  }
  return [...found].map(([field, expected]) => ({ field, expected: [...expected].join(' or ') }));
}

type Json = Record<string, unknown>;
function schemaAt(schema: TSchema, path: string): Json {
  let at = schema as unknown as Json;
  for (const step of path === '' ? [] : path.split('.')) {
    const next = at['type'] === 'array' ? at['items'] : (at['properties'] as Json | undefined)?.[step] ?? at['additionalProperties'];
    if (next === undefined || next === null || typeof next !== 'object') return {};
    at = next as Json;
  }
  return at;
}

/** What a schema wants, in words. */
function expectation(schema: Json): string {
  if (schema['const'] !== undefined) return JSON.stringify(schema['const']);
  if (Array.isArray(schema['enum'])) return `one of ${schema['enum'].join(', ')}`;
  const choices = schema['anyOf'] as Json[] | undefined;
  if (choices) return choices.every((c) => c['const'] !== undefined) ? `one of ${choices.map((c) => String(c['const'])).join(', ')}` : choices.map(expectation).join(' or ');
  const limits = [
    ['minLength', 'at least # characters'], ['maxLength', 'at most # characters'], ['minimum', 'at least #'], ['maximum', 'at most #'],
    ['minItems', 'at least # items'], ['maxItems', 'at most # items'], ['pattern', 'matching #'], ['format', 'a #'],
  ].flatMap(([key, words]) => (schema[key as string] === undefined ? [] : [(words as string).replace('#', String(schema[key as string]))]));
  return [String(schema['description'] ?? schema['type'] ?? 'another value'), ...limits].join(', ');
}

/** The path of a text that PostgreSQL could not store, or null. */
function unstorable(value: unknown, path: string): string | null {
  if (typeof value === 'string') return value.includes('\0') || !value.isWellFormed() ? path : null;
  if (value === null || typeof value !== 'object') return null;
  for (const [key, inner] of Object.entries(value)) {
    const bad = unstorable(inner, path === '' ? key : `${path}.${key}`) ?? (key.includes('\0') ? path : null);
    if (bad !== null) return bad;
  }
  return null;
}
