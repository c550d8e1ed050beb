import { describe, expect, test } from 'vitest';
import { newState, newTrial } from './acknowledge-trial.ts';
import { settleTurns } from './fake-producer.ts';

describe('a barrier', () => {
  test('waits for others, but not while a worker without a slot runs out of work', async () => {
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

  test('expects as many batches to come meanwhile as came during the last one', async () => {
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
    const { producer, acknowledger, told, toBarrier, batchOf } = newTrial({ intervalMs: 2000 });
    const since = performance.now();
    told.behind = false;
    acknowledger.add(batchOf([{ state: newState(), offset: 1 }]));
    await toBarrier();
    const waited = performance.now() - since;
    // Node's timers count from the start of the loop's turn, which is a little before `since`.
    expect(waited).toBeGreaterThan(300);
    expect(waited).toBeLessThan(2000);
    await producer.answer();
  });

  test('waits for its whole time once something has waited for a slot since the last one', async () => {
    const { producer, acknowledger, told, batchOf } = newTrial({ intervalMs: 2000 });
    const state = newState();
    acknowledger.add(batchOf([{ state, offset: 1 }]));
    await settleTurns();
    told.behind = false;
    acknowledger.add(batchOf([{ state, offset: 2 }]));
    await new Promise((resolve) => setTimeout(resolve, 600));
    expect([producer.atBarrier, acknowledger.pending]).toEqual([false, 2]);
    acknowledger.close();
  });
});
