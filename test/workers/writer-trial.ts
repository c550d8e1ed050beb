import { expect, vi } from 'vitest';
import { DestinationError } from '../../src/shared/errors.ts';
import type { Mutation } from '../../src/shared/mutation.ts';
import { BucketLocks, createBoard } from '../../src/shared/shared-board.ts';
import type { WriteSettings } from '../../src/shared/worker-protocol.ts';
import type { WriteResult } from '../../src/workers/row-work.ts';
import { Writer } from '../../src/workers/write.ts';
import { FakeStore } from './fake-store.ts';

/** A writer over a fake store, in fake time. */

const SETTINGS: WriteSettings = {
  batchRowsMax: 32,
  statementsMax: 32,
  attemptsMax: 5,
  backoffMs: 100,
  backoffMaxMs: 5000,
  failuresToOpen: 5,
  probeIntervalMs: 1000,
};

export function newTrial(
  options: {
    settings?: Partial<WriteSettings>;
    board?: ReturnType<typeof createBoard>;
    store?: FakeStore;
  } = {},
) {
  const store = options.store ?? new FakeStore();
  const circuit: boolean[] = [];
  const results: (WriteResult | undefined)[] = [];
  let retries = 0;
  let submitted = 0;
  const board = options.board ?? createBoard(1);
  const writer = new Writer(store, { ...SETTINGS, ...options.settings }, new BucketLocks(board), {
    retried: () => {
      retries += 1;
    },
    wrote: () => undefined,
    circuitChanged: (open) => circuit.push(open),
    now: Date.now,
  });
  const submit = (...mutations: readonly Mutation[]): void => {
    for (const mutation of mutations) {
      const index = submitted;
      submitted += 1;
      results.push(undefined);
      writer.submit(mutation, index, (decidedIndex, result) => {
        expect(results[decidedIndex]).toBeUndefined();
        results[decidedIndex] = result;
      });
    }
    writer.flush();
  };
  return { store, writer, submit, results, circuit, retries: () => retries };
}

export const pass = (ms = 0) => vi.advanceTimersByTimeAsync(ms);
export const has = (mutations: readonly Mutation[], id: string) =>
  mutations.some((mutation) => mutation.id === id);
export const transient = () => new DestinationError('transient', 'timed out');
export const permanent = () => new DestinationError('permanent', 'refused');
export const outage = () => new DestinationError('outage', 'no host');

/** Holds statements back until they are let go, one by one. */
export function gate(store: FakeStore) {
  const waiting: (() => void)[] = [];
  store.script = () => new Promise<void>((resolve) => waiting.push(resolve));
  return {
    waiting,
    next: async () => {
      waiting.shift()?.();
      await pass();
    },
  };
}
