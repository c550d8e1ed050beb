import { describe, expect, test } from 'vitest';
import { newState, newTrial } from './acknowledge-trial.ts';
import { settleTurns } from './fake-producer.ts';

describe('a barrier', () => {
  test('waits for others before the barrier, but not while a worker without a slot runs out of work', async () => {
    const { producer, acknowledger, told, toBarrier, commits, batchOf } = newTrial({ intervalMs: 60_000 });
    const state = newState();
    acknowledger.add(batchOf([{ state, offset: 1 }]));
    await settleTurns();
    expect([producer.atBarrier, acknowledger.pending]).toEqual([false, 1]);
    told.short = true;
    acknowledger.add(batchOf([{ state, offset: 2 }]));
    await toBarrier();
    await producer.answer();
    expect(commits).toEqual(['0:3']);
    acknowledger.close();
  });

  test('expects of the next barrier to take as many batches as the last one did', async () => {
    const { producer, acknowledger, told, toBarrier, batchOf } = newTrial({ intervalMs: 60_000 });
    const state = newState();
    told.short = true;
    acknowledger.add(batchOf([{ state, offset: 1 }]));
    await toBarrier();
    for (const offset of [2, 3, 4]) acknowledger.add(batchOf([{ state, offset }]));
    told.short = false;
    await producer.answer();
    await settleTurns();
    expect([told.asked, acknowledger.pending]).toEqual([3, 3]);
    acknowledger.close();
  });

  test('waits for others a fifth as long while nothing waits for a slot', async () => {
    const { producer, acknowledger, told, batchOf } = newTrial({ intervalMs: 2000 });
    const since = performance.now();
    told.behind = false;
    acknowledger.add(batchOf([{ state: newState(), offset: 1 }]));
    while (!producer.atBarrier) await new Promise((resolve) => setTimeout(resolve, 2));
    const waited = performance.now() - since;
    expect(waited).toBeGreaterThanOrEqual(399);
    expect(waited).toBeLessThan(2000);
    await producer.answer();
  });
});
