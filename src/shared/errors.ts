/**
 * Errors with a code. Malformed input is data and becomes an outcome (see outcome.ts); a broken invariant is an `assert` and ends
 * the process; everything in between is one of these.
 */

/** A wrong flag or configuration: exit code 2. The message names the key, what it got and what it takes. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** A dependency that is not as it has to be: exit code 1. The message names the command that mends it. */
export class DependencyError extends Error {
  override readonly name = 'DependencyError';
}

/**
 * How a destination failed (contract, section 6): `transient` is tried again and counted, `permanent` is about this one record,
 * `outage` is about the destination and never counts against a record.
 */
export type FailureKind = 'transient' | 'permanent' | 'outage';

/** A destination's failure with its kind. `cause` is the driver's own error. */
export class DestinationError extends Error {
  override readonly name = 'DestinationError';
  readonly kind: FailureKind;
  constructor(kind: FailureKind, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.kind = kind;
  }
}

/** Text of whatever was thrown, for messages; never the stack. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
