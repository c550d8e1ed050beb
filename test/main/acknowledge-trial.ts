import { Acknowledger } from '../../src/main/acknowledge.ts';
import type { CollectedBatch } from '../../src/main/collect.ts';
import type { Batch } from '../../src/main/dispatch.ts';
import { SILENT_OBSERVER } from '../../src/main/observer.ts';
import { PartitionState } from '../../src/main/partitions.ts';
import type { DeadLetter } from '../../src/shared/outcome.ts';
import { collected, type GivenRecord } from './batches.ts';
import { FakeProducer } from './fake-producer.ts';

export const TOPIC = 'tactical.public.agents_agent';

/** An acknowledger over a producer that answers when a test says so, and what came of it. */
export function newTrial(options: { intervalMs?: number } = {}) {
  const producer = new FakeProducer();
  const commits: string[] = [];
  const released: Batch[] = [];
  const logs: string[] = [];
  const fatal: unknown[] = [];
  const told = { short: false, behind: true, asked: 0 };
  const acknowledger = new Acknowledger({
    producer: producer.asProducer(),
    intervalMs: options.intervalMs ?? 1,
    retryBackoffMs: 1,
    commit: (offsets) => {
      for (const { partition, offset } of offsets) commits.push(`${partition}:${offset}`);
    },
    isBehind: () => told.behind,
    isShort: (batches) => {
      told.asked = batches;
      return told.short;
    },
    observer: SILENT_OBSERVER,
    log: (_level, message) => logs.push(message),
    fatal: (error) => fatal.push(error),
  });
  const batchOf = (records: readonly GivenRecord[], letters: readonly DeadLetter[] = []): CollectedBatch =>
    collected(records, letters, { released: (batch) => released.push(batch) });
  const until = async (what: () => boolean): Promise<void> => {
    for (let wait = 0; !what(); wait += 1) {
      if (wait > 400) throw new Error('it did not come to that');
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  };
  const toBarrier = (): Promise<void> => until(() => producer.atBarrier);
  return { producer, commits, released, logs, fatal, told, acknowledger, batchOf, until, toBarrier };
}

export const newState = (partition = 0) => new PartitionState(TOPIC, 0, partition, 0);
