/**
 * Error kinds. Expected outcomes are unions, not exceptions; these three are for the rest. Codes stand in docs/errors.md,
 * which a test keeps equal to this list.
 */
export const errorCodes = {
  E_CONFIG: 'The configuration is not usable; every problem is listed.',
  E_PORT_IN_USE: 'Another process holds a port of ours.',
  E_DATABASE_UNREACHABLE: 'The database cannot be reached or refuses us.',
  E_DATABASE_UNSAFE: 'The database would lose a commit (fsync, synchronous_commit or full_page_writes is off).',
  E_SCHEMA_NEWER: 'The database schema is newer than this program.',
  E_MIGRATION_CHANGED: 'A migration that has run was edited afterwards.',
  E_KEYS: 'The key file is missing, unreadable, or readable by others.',
  E_FRAME_UNREADABLE: 'A frame could not be decoded; it stands in quarantine.',
  E_FRAME_TOO_LARGE: 'A frame is larger than the protocol allows.',
  E_TOPIC_FORBIDDEN: 'A device used a topic that is not its own.',
  E_OVERLOADED: 'A bound was reached; the sender must retry.',
  E_NOT_DURABLE: 'The frame could not be made durable; it was not acknowledged.',
  E_UNAUTHENTICATED: 'No or wrong credentials.',
  E_FORBIDDEN: 'The role may not do this, or the region is out of scope.',
  E_NOT_FOUND: 'No such thing in your scope.',
  E_CONFLICT: 'Somebody was first, or the version is old.',
  E_INVALID: 'A field is missing or wrong; the answer names it.',
  E_RATE_LIMITED: 'Too many failed tries; wait.',
  E_GATEWAY: 'The SMS or voice gateway refused or failed.',
  E_INTERNAL: 'A fault of ours; it is logged under the answer’s trace.',
} as const;
export type ErrorCode = keyof typeof errorCodes;

/** Something outside went wrong, as it must be expected to; `retryable` says whether trying again can help. */
export class OperatingError extends Error {
  readonly code: ErrorCode;
  readonly retryable: boolean;
  constructor(code: ErrorCode, message: string, options: { retryable?: boolean; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.name = 'OperatingError';
    this.code = code;
    this.retryable = options.retryable ?? false;
  }
}

/** The device's fault: the frame goes to quarantine and is acknowledged. */
export class DecodeError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'DecodeError';
  }
}

/** Our own fault: an invariant does not hold. */
export class InvariantError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'InvariantError';
  }
}

/** Throws InvariantError unless `condition`. */
export function invariant(condition: unknown, message: string): asserts condition {
  if (!condition) throw new InvariantError(message);
}
