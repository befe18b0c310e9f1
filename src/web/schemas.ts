/** Schemas that several routes share; each is a component of the OpenAPI document and the type of the handler's values. */
import { type TSchema, Type } from 'typebox';
import { alertStates, outcomes } from '#core/alert.ts';
import { eventKinds } from '#core/event.ts';

const closed = { additionalProperties: false };

/** An object that refuses unknown fields: a mistyped name must not be swallowed. */
export const Shape = <T extends Record<string, TSchema>>(properties: T, description?: string) =>
  Type.Object(properties, description === undefined ? closed : { ...closed, description });
export const Nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);
/** Where something lies, as screens name it; both null: the whole county's. */
export const Place = { town: Nullable(Type.String()), village: Nullable(Type.String()) };
/** A text one of `values`, as an enum (OpenAPI readers show it best). */
export const OneOf = <const T extends readonly string[]>(values: T, description?: string) =>
  Type.Unsafe<T[number]>({ type: 'string', enum: [...values], ...(description === undefined ? {} : { description }) });

/** A time of the county's day, HH:mm. */
export const clockText = (description: string) => Type.String({ pattern: '^([01]\\d|2[0-3]):[0-5]\\d$', description });
export const EpochMs = Type.Integer({ description: 'epoch milliseconds' });
export const AlertIdText = Type.String({ pattern: '^[1-9][0-9]{0,18}$', description: 'an alert number' });
export const RegionCodeText = Type.String({ pattern: '^[0-9]{12}$', description: 'a 12-digit region code' });
export const IdText = Type.String({ minLength: 1, maxLength: 64, description: 'an id' });
export const PartyText = Type.String({ pattern: '^(responder|contact):[A-Za-z0-9_-]{1,64}$', description: 'responder:ID or contact:ID' });
export const CodeText = Type.String({ minLength: 6, maxLength: 24, description: 'six digits of the authenticator, or a recovery code' });
export const PinText = Type.String({ pattern: '^[0-9]{6}$', description: 'six digits' });
export const NoteText = Type.String({ maxLength: 2000, description: 'free text' });
export const OutcomeCode = OneOf(Object.keys(outcomes) as (keyof typeof outcomes)[], 'outcome code (处置结果)');
export const KindName = OneOf(eventKinds);
export const StateName = OneOf(alertStates);
export const Cursor = Type.String({ pattern: '^[A-Za-z0-9._-]{1,64}$', description: 'the `next` of the answer before' });
export const Ok = Shape({ ok: Type.Literal(true) });

const ErrorAnswer = Type.Object({
  error: Type.Object({
    code: Type.String({ description: 'E_…, see docs/errors.md' }), message: Type.String(),
    fields: Type.Optional(Type.Array(Shape({ field: Type.String(), expected: Type.String() }))),
  }),
});
/** The error answers every route may give; spread into `response`. */
export const errorAnswers = { '4xx': ErrorAnswer, '5xx': ErrorAnswer };
/** The header of every alert action. */
export const IdempotencyHeaders = Type.Object({
  'idempotency-key': Type.Optional(Type.String({ minLength: 1, maxLength: 128, description: 'a repeated request with this key gets the first answer' })),
});

