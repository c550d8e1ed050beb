import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { DestinationError } from '../../src/shared/errors.ts';
import type { Mutation } from '../../src/shared/mutation.ts';
import { BucketLocks, createBoard } from '../../src/shared/shared-board.ts';
import type { WriteSettings } from '../../src/shared/worker-protocol.ts';
import type { WriteResult } from '../../src/workers/row-work.ts';
import { Writer } from '../../src/workers/write.ts';
import { FakeStore, mutationOf } from './fake-store.ts';

const SETTINGS: WriteSettings = {
  batchRowsMax: 32,
  statementsMax: 32,
  attemptsMax: 5,
  backoffMs: 100,
  backoffMaxMs: 5000,
  failuresToOpen: 5,
  probeIntervalMs: 1000,
};

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function newTrial(
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

const pass = (ms = 0) => vi.advanceTimersByTimeAsync(ms);
const has = (mutations: readonly Mutation[], id: string) => mutations.some((mutation) => mutation.id === id);
const transient = () => new DestinationError('transient', 'timed out');
const permanent = () => new DestinationError('permanent', 'refused');
const outage = () => new DestinationError('outage', 'no host');

/** Holds statements back until they are let go, one by one. */
function gate(store: FakeStore) {
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

describe('a row that the store refuses', () => {
  test('fails alone; every other row of its batch is written', async () => {
    const { store, submit, results } = newTrial();
    store.script = (mutations) => {
      if (has(mutations, 'bad')) throw permanent();
    };
    submit(mutationOf('a', 1), mutationOf('bad', 1), mutationOf('c', 1));
    await pass();
    expect([results[0], results[2]]).toEqual(['written', 'written']);
    expect(results[1]).toMatchObject({ exhausted: false, attempts: 1, error: { message: 'refused' } });
    expect(store.rows.size).toBe(2);
  });

  test('takes no other change of its row with it, though they were merged', async () => {
    const { store, submit, results } = newTrial();
    store.script = (mutations) => {
      if (mutations.some(({ columns }) => columns.hostname === 'bad')) throw permanent();
    };
    submit(mutationOf('a', 1, { hostname: 'good', cpu: 'x' }), mutationOf('a', 2, { hostname: 'bad' }));
    await pass();
    expect(results[0]).toBe('written');
    expect(results[1]).toMatchObject({ exhausted: false });
    expect(store.columns('a')).toEqual({ hostname: 'good', cpu: 'x' });
    submit(mutationOf('a', 3, { hostname: 'bad' }), mutationOf('a', 4, { description: 'later' }));
    await pass();
    expect(results[2]).toMatchObject({ exhausted: false });
    expect(results[3]).toBe('written');
    expect(store.columns('a')).toEqual({ hostname: 'good', cpu: 'x', description: 'later' });
  });

  test('does not stop the changes of the same row that came while it was tried', async () => {
    const { store, submit, results } = newTrial();
    const { next } = gate(store);
    submit(mutationOf('a', 1), mutationOf('b', 1));
    const hold = store.script;
    store.script = async (mutations) => {
      await hold(mutations);
      if (mutations.some(({ version }) => version === 'v001')) throw permanent();
    };
    submit(mutationOf('a', 2));
    await next();
    for (let round = 0; round < 4; round += 1) await next();
    expect(results[2]).toBe('written');
  });
});

describe('a transient failure', () => {
  test('is tried again after a growing pause, and given up after five attempts while others succeed', async () => {
    const { store, submit, results, retries } = newTrial();
    store.buckets = (id) => (id === 'bad' ? 1 : 0);
    const at: number[] = [];
    store.script = (mutations) => {
      if (!has(mutations, 'bad')) return;
      at.push(Date.now());
      throw transient();
    };
    submit(mutationOf('bad', 1));
    for (let version = 1; version < 40; version += 1) {
      submit(mutationOf('good', version));
      await pass(50);
    }
    expect(results[0]).toMatchObject({ exhausted: true, attempts: 5, error: { kind: 'transient' } });
    expect(at).toHaveLength(5);
    expect(retries()).toBe(4);
    const pauses = at.slice(1).map((time, index) => time - (at[index] ?? 0));
    for (const [index, pause] of pauses.entries()) {
      expect(pause).toBeGreaterThanOrEqual(50 * 2 ** index);
      expect(pause).toBeLessThanOrEqual(100 * 2 ** index + 1);
    }
    expect(results.slice(1).every((result) => result === 'written')).toBe(true);
  });

  test('that passes leaves no trace but its retry', async () => {
    const { store, submit, results, circuit, retries } = newTrial();
    let failures = 2;
    store.script = () => {
      failures -= 1;
      if (failures >= 0) throw transient();
    };
    submit(mutationOf('a', 1));
    await pass(1000);
    expect([results, circuit, retries()]).toEqual([['written'], [], 2]);
  });

  test('counts no attempt while nothing else succeeds: then it is the store’s and opens the circuit', async () => {
    const { store, submit, results, circuit } = newTrial();
    let away = true;
    store.script = () => {
      if (away) throw transient();
    };
    store.probeScript = () => {
      if (away) throw transient();
    };
    submit(...Array.from({ length: 10 }, (_, index) => mutationOf(`r${index}`, 1)));
    await pass(60_000);
    expect(results.every((result) => result === undefined)).toBe(true);
    expect(circuit).toEqual([true]);
    away = false;
    await pass(10_000);
    expect(results.every((result) => result === 'written')).toBe(true);
    expect(circuit).toEqual([true, false]);
  });

  test('of one row’s making does not use up the attempts of the rows beside it', async () => {
    const { store, submit, results } = newTrial();
    store.script = async (mutations) => {
      if (has(mutations, 'slow')) {
        await new Promise((resolve) => setTimeout(resolve, 5000));
        throw transient();
      }
    };
    submit(mutationOf('slow', 1), ...Array.from({ length: 31 }, (_, index) => mutationOf(`r${index}`, 1)));
    await pass(600_000);
    expect(results[0]).toMatchObject({ exhausted: true });
    expect(results.slice(1).every((result) => result === 'written')).toBe(true);
  });

  test('keeps the order of its row: later changes wait behind it', async () => {
    const { store, submit, results } = newTrial();
    let failures = 1;
    store.script = () => {
      failures -= 1;
      if (failures >= 0) throw transient();
    };
    submit(mutationOf('a', 1, { cpu: 'x' }));
    await pass();
    submit(mutationOf('a', 2, { hostname: 'B' }));
    await pass(1000);
    expect(results).toEqual(['written', 'written']);
    expect(store.statements).toEqual([['a@v001'], ['a@v001'], ['a@v002']]);
    expect(store.columns('a')).toEqual({ cpu: 'x', hostname: 'B' });
  });
});

describe('an outage', () => {
  test('opens the circuit at once, fails nothing, and everything is written when a probe succeeds', async () => {
    const { store, submit, results, circuit } = newTrial();
    store.buckets = (id) => Number(id) % 8;
    let away = true;
    store.script = () => {
      if (away) throw outage();
    };
    store.probeScript = store.script as () => void;
    submit(...Array.from({ length: 40 }, (_, index) => mutationOf(String(index), 1)));
    await pass(1);
    const sent = store.statements.length;
    submit(mutationOf('1', 2), mutationOf('100', 1));
    await pass(300_000);
    expect(circuit).toEqual([true]);
    expect(store.statements).toHaveLength(sent);
    expect(results.every((result) => result === undefined)).toBe(true);
    away = false;
    await pass(1000);
    expect(results).toEqual(results.map(() => 'written'));
    expect(store.columns('1')).toEqual({ hostname: 'PC-2' });
    expect(circuit).toEqual([true, false]);
  });

  test('in the middle of a record’s retries does not count against it', async () => {
    const { store, submit, results } = newTrial();
    let calls = 0;
    store.script = () => {
      calls += 1;
      if (calls <= 4) throw transient();
      if (calls <= 8) throw outage();
    };
    submit(mutationOf('a', 1));
    await pass(60_000);
    expect(results).toEqual(['written']);
  });
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
