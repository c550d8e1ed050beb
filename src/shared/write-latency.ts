/**
 * How long statements at the store took, as a worker counts them: a number of statements per bucket, so that a batch's result holds
 * a few small numbers. Main adds them to `cassandra_write_latency_seconds`.
 */
export const WRITE_LATENCY_BUCKETS_SECONDS = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
] as const;

/** Index of the smallest bucket that holds this time; the length of the table means "longer than all". */
export function writeLatencyBucket(seconds: number): number {
  const index = WRITE_LATENCY_BUCKETS_SECONDS.findIndex((limit) => seconds <= limit);
  return index < 0 ? WRITE_LATENCY_BUCKETS_SECONDS.length : index;
}
