import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createBoard } from '../../src/shared/shared-board.ts';
import { FakeStore, mutationOf } from './fake-store.ts';
import { gate, newTrial, pass, transient } from './writer-trial.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe('changes of one row', () => {
  test('that wait together become one write, and each is told what became of it', async () => {
    const { store, submit, results } = newTrial();
    submit(
      mutationOf('a', 1, { hostname: 'A', description: 'long' }),
      mutationOf('a', 2, { hostname: 'B' }),
      mutationOf('a', 3, { cpu: 'x' }),
    );
    await pass();
    expect(store.statements).toEqual([['a@v003']]);
    expect(store.columns('a')).toEqual({ hostname: 'B', description: 'long', cpu: 'x' });
    expect(results).toEqual(['written', 'written', 'written']);
  });

  test('are never twice in flight', async () => {
    const { store, writer, submit, results } = newTrial();
    const { waiting, next } = gate(store);
    submit(mutationOf('a', 1));
    for (let version = 2; version < 6; version += 1) {
      submit(mutationOf('a', version));
      writer.flush();
    }
    expect(waiting).toHaveLength(1);
    await next();
    await next();
    expect(store.statements).toEqual([['a@v001'], ['a@v005']]);
    expect(results).toEqual(results.map(() => 'written'));
  });

  test('that are older or the same are told stale and duplicate, whether the store or the queue knows it', async () => {
    const { submit, results } = newTrial();
    submit(mutationOf('a', 5));
    await pass();
    submit(mutationOf('a', 4));
    await pass();
    submit(mutationOf('a', 5));
    await pass();
    submit(mutationOf('a', 7), mutationOf('a', 7), mutationOf('a', 6));
    await pass();
    expect(results).toEqual(['written', 'stale', 'duplicate', 'written', 'duplicate', 'stale']);
  });

  test('end deleted or not as the newest says: delete, insert again, then a late older change', async () => {
    const { store, submit, results } = newTrial();
    submit(mutationOf('a', 1, { hostname: 'A', cpu: 'x' }));
    await pass();
    submit(
      mutationOf('a', 2, { hostname: null, cpu: null }, { deleted: true }),
      mutationOf('a', 3, { hostname: 'C' }),
      mutationOf('a', 1, { hostname: 'A', cpu: 'x' }),
    );
    await pass();
    expect(results).toEqual(['written', 'written', 'written', 'stale']);
    expect(store.rows.get('device|tactical-rmm|a')).toMatchObject({
      deleted: false,
      columns: { hostname: 'C' },
    });
    expect(store.columns('a')).toEqual({ hostname: 'C' });
    submit(mutationOf('a', 4, { hostname: null }, { deleted: true }));
    await pass();
    submit(mutationOf('a', 3, { hostname: 'C' }));
    await pass();
    expect(results.slice(4)).toEqual(['written', 'stale']);
    expect(store.rows.get('device|tactical-rmm|a')?.deleted).toBe(true);
  });

  test('of different facets are different writes', async () => {
    const { store, submit } = newTrial();
    submit(mutationOf('a', 9, { online: true }, { facet: 'lastconnect' }), mutationOf('a', 1));
    await pass();
    expect(store.statements).toEqual([['a@v009', 'a@v001']]);
  });

  test('are not merged onto one that waits for a key move: the move is known by its own version', async () => {
    const { store, submit } = newTrial();
    const carry = { fromId: 'old', columns: ['description'] };
    submit(mutationOf('a', 1, { hostname: 'A' }, { carry }), mutationOf('a', 2, { hostname: 'B' }));
    await pass();
    expect(store.rows.get('device|tactical-rmm|a')).toMatchObject({
      columns: { hostname: 'B' },
      carry: { fromId: 'old', version: 'v001', columns: ['description'] },
    });
  });

  test('are settled when none of them waits, is in flight or is to be tried again', async () => {
    const { store, writer, submit } = newTrial();
    let failures = 3;
    store.script = async () => {
      await new Promise((resolve) => setTimeout(resolve, 10));
      failures -= 1;
      if (failures >= 0) throw transient();
    };
    submit(mutationOf('a', 2));
    let settled = false;
    const wait = writer.settled(mutationOf('a', 3)).then(() => {
      settled = true;
    });
    await pass(11);
    expect(settled).toBe(false);
    await pass(5000);
    await wait;
    expect(store.columns('a')).toEqual({ hostname: 'PC-2' });
    await writer.settled(mutationOf('nothing', 1));
  });
});

describe('buckets', () => {
  test('have one statement in flight each, of at most so many rows', async () => {
    const { store, submit, results } = newTrial({ settings: { batchRowsMax: 4 } });
    store.buckets = (id) => Number(id) % 2;
    const { waiting, next } = gate(store);
    submit(...Array.from({ length: 20 }, (_, index) => mutationOf(String(index), 1)));
    await pass();
    expect(waiting).toHaveLength(2);
    for (let statement = 0; statement < 6; statement += 1) await next();
    expect(store.inFlightMax).toBe(2);
    expect(store.statements.every((rows) => rows.length <= 4)).toBe(true);
    expect(results.every((result) => result === 'written')).toBe(true);
  });

  test('wait for each other when the store has as many statements as it may have', async () => {
    const { store, submit, results } = newTrial({ settings: { statementsMax: 3 } });
    store.buckets = Number;
    const { next } = gate(store);
    submit(...Array.from({ length: 10 }, (_, index) => mutationOf(String(index), 1)));
    for (let statement = 0; statement < 10; statement += 1) await next();
    expect(store.inFlightMax).toBe(3);
    expect(results.every((result) => result === 'written')).toBe(true);
  });

  test('of different tools and entities are different ones', async () => {
    const { store, submit } = newTrial();
    submit(
      mutationOf('1', 1),
      mutationOf('1', 1, {}, { tool: 'fleet-mdm' }),
      mutationOf('1', 1, {}, { entity: 'user' }),
    );
    await pass();
    expect(store.statements).toHaveLength(3);
  });

  test('are never in flight twice by two threads that share the locks', async () => {
    const board = createBoard(2);
    const store = new FakeStore();
    const inFlight = new Map<number, number>();
    let most = 0;
    store.buckets = (id) => Number(id) % 4;
    store.script = async ([first]) => {
      const bucket = Number(first?.id) % 4;
      inFlight.set(bucket, (inFlight.get(bucket) ?? 0) + 1);
      most = Math.max(most, inFlight.get(bucket) ?? 0);
      await new Promise((resolve) => setTimeout(resolve, 3));
      inFlight.set(bucket, (inFlight.get(bucket) ?? 0) - 1);
    };
    const trials = [newTrial({ board, store }), newTrial({ board, store })];
    for (let round = 0; round < 10; round += 1) {
      for (const [thread, { submit }] of trials.entries()) {
        submit(...Array.from({ length: 8 }, (_, index) => mutationOf(String(index + 8 * thread), round + 1)));
      }
      await pass(1);
    }
    await pass(5000);
    expect(most).toBe(1);
    for (const { results } of trials) expect(results.every((result) => result === 'written')).toBe(true);
  });
});
