import type { RecordConsumer } from './consume.ts';
import type { PartitionState } from './partitions.ts';

export interface PartitionLag {
  readonly state: PartitionState;
  /** Records between the frontier and the end; null while one of them is not known. */
  readonly lagRecords: number | null;
  /** Age of the record just below the frontier, s; 0 at the end. */
  readonly lagSeconds: number;
}

/** How far partitions are behind. No round trip: the ends come with the fetches. */
export function* partitionLags(
  states: Iterable<PartitionState>,
  consumer: RecordConsumer,
): Generator<PartitionLag> {
  for (const state of states) {
    const high = consumer.highWatermark(state.topic, state.partition);
    const lagRecords = high === null || state.frontier === null ? null : Math.max(0, high - state.frontier);
    const behind = lagRecords !== null && lagRecords > 0 && state.frontierTimestamp > 0;
    yield {
      state,
      lagRecords,
      lagSeconds: behind ? Math.max(0, Date.now() - state.frontierTimestamp) / 1000 : 0,
    };
  }
}
