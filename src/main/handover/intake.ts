import type { PartitionState } from '../partitions.ts';

/** What one call of `take` brought. */
export interface Taken {
  /** Records, and bytes of their keys and values. */
  readonly records: number;
  readonly bytes: number;
  /** Time in which librdkafka was asked, s. */
  readonly seconds: number;
}

/**
 * How records come from librdkafka's queue into the workers' slots: through node-rdkafka's objects (plain-intake.ts), or without any
 * (native-intake.ts). A partition's records reach its worker in their order; what has no room waits and is counted for its worker.
 */
export interface Intake {
  /**
   * Takes up to `max` records that have come and dispatches what has a slot; waits a little when nothing has. With 0 it only dispatches
   * what waits. One call at a time. Rebalances that come meanwhile are dealt with when it has ended.
   */
  take(max: number): Promise<Taken>;
  /** A partition is ours. Never during `take`. */
  assigned(state: PartitionState): void;
  /** Partitions are marked as revoked: what waits of them is dropped, since whoever has them now reads it again. Never during `take`. */
  revoked(states: readonly PartitionState[]): void;
  /** Gives back what is held of the consumer; comes before the consumer disconnects. */
  close(): void;
}

/** How long a call waits for the first record when nothing is there, ms. */
export const IDLE_WAIT_MS = 50;
