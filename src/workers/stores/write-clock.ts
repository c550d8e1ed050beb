let last = 0;

/** The clock as a write timestamp: microseconds since 1970 UTC, each later than the one before in this thread. */
export function microseconds(): bigint {
  last = Math.max(last + 1, Date.now() * 1000);
  return BigInt(last);
}
