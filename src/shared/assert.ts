/** Ends the current operation when an invariant of the program, not of its input, is broken. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(`invariant broken: ${message}`);
}

/** The value, which must be there; `what` says what is missing otherwise. */
export function must<T>(value: T | undefined | null, what: string): T {
  if (value === undefined || value === null) throw new Error(`invariant broken: no ${what}`);
  return value;
}
