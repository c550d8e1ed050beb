import { setTimeout as sleep } from 'node:timers/promises';
import type { Acknowledger } from './acknowledge.ts';
import type { Intake } from './handover/intake.ts';
import type { PartitionState } from './partitions.ts';

const CHECK_MS = 5;

/** What a pipeline leaves behind when it has stopped. */
export interface Left {
  /** Taken from Kafka and not committed. */
  readonly records: number;
  /** No broker answered: librdkafka still waits for one, and the process does not end by itself. */
  readonly hangs: boolean;
}

/**
 * Finishes what is in flight of partitions that are about to be given up, in bounded time. Nothing of them is dispatched any more;
 * what waited for a slot is dropped, since whoever has them next reads it again. Answers the offsets to commit.
 */
export async function drain(
  states: readonly PartitionState[],
  intake: Intake,
  acknowledger: Acknowledger,
  timeoutMs: number,
  broken: () => boolean,
): Promise<{ topic: string; partition: number; offset: number }[]> {
  for (const state of states) state.revoked = true;
  intake.revoked(states);
  const deadline = performance.now() + timeoutMs;
  const open = (): boolean => states.some((state) => state.rangesOpen > 0);
  while (open() && !broken() && performance.now() < deadline) {
    // Settling has no time limit of its own (brokers may be away), so it is raced.
    await Promise.race([acknowledger.settle(), sleep(CHECK_MS)]);
    if (open()) await sleep(CHECK_MS);
  }
  const offsets = [];
  for (const { topic, partition, frontier } of states) {
    if (frontier !== null) offsets.push({ topic, partition, offset: frontier });
  }
  return offsets;
}
