import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Columns } from '../../src/shared/entity.ts';
import type { Mutation } from '../../src/shared/mutation.ts';
import { BucketLocks, createBoard } from '../../src/shared/shared-board.ts';
import { KeyMoves } from '../../src/workers/key-move.ts';
import { EmbeddedStore } from '../../src/workers/stores/embedded-store.ts';
import { Writer } from '../../src/workers/write.ts';
import { mutationOf } from './fake-store.ts';

const WRITE = {
  batchRowsMax: 32,
  statementsMax: 8,
  attemptsMax: 5,
  backoffMs: 1,
  backoffMaxMs: 10,
  failuresToOpen: 5,
  probeIntervalMs: 10,
};

let folder = '';
let count = 0;
let store: EmbeddedStore;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'openframe-moves-'));
});
beforeEach(() => {
  count += 1;
  store = openStore();
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function openStore(): EmbeddedStore {
  return new EmbeddedStore({
    kind: 'embedded',
    path: join(folder, String(count)),
    buckets: 4,
    deletedKeepSeconds: 1e6,
    historyKeepSeconds: 1e6,
  });
}

/** Mutations as one batch of a worker takes them: halves before, writes, then what is still missing. */
async function batch(...mutations: readonly Mutation[]): Promise<void> {
  const writer = new Writer(store, WRITE, new BucketLocks(createBoard(1)), {
    retried: () => undefined,
    wrote: () => undefined,
    circuitChanged: () => undefined,
    now: Date.now,
  });
  const moves = new KeyMoves(
    store,
    (mutation) => writer.settled(mutation),
    (read) => read(),
  );
  const ready: Mutation[] = [];
  const decided: Promise<void>[] = [];
  for (const mutation of mutations) {
    const begun = await moves.before(mutation);
    ready.push(begun);
    decided.push(new Promise((resolve) => writer.submit(begun, 0, () => resolve())));
  }
  writer.flush();
  await Promise.all(decided);
  for (const mutation of ready) await moves.after(mutation);
  writer.close();
}

/** The row as the source had it: a text kept out of line, and one in line. */
const row = (id: string, version: number, description: string): Mutation =>
  mutationOf(id, version, { hostname: `PC-${id}`, description, cpu: null });
const CLEARED: Columns = { hostname: null, description: null, cpu: null };
const left = (id: string, movedTo: string, version: number): Mutation =>
  mutationOf(id, version, { ...CLEARED }, { deleted: true, movedTo });
const arrived = (id: string, fromId: string, version: number): Mutation =>
  mutationOf(id, version, { hostname: `PC-${id}` }, { carry: { fromId, columns: ['description', 'cpu'] } });

async function rowsOf(...ids: string[]): Promise<(Columns | 'deleted' | undefined)[]> {
  const rows = await store.read('device', 'tactical-rmm', ids);
  return ids.map((id) => (rows.get(id)?.deleted === true ? 'deleted' : rows.get(id)?.columns));
}

const MOVED = { hostname: 'PC-new', description: 'long' };

describe('a key move carries what only the old row holds', () => {
  test.each<[string, (halves: readonly [Mutation, Mutation]) => Mutation[][]]>([
    ['delete first, one batch', ([first, second]) => [[first, second]]],
    ['insert first, one batch', ([first, second]) => [[second, first]]],
    ['delete first, two batches', ([first, second]) => [[first], [second]]],
    ['insert first, two batches', ([first, second]) => [[second], [first]]],
    ['delete twice', ([first, second]) => [[first], [first], [second]]],
    ['insert twice', ([first, second]) => [[second], [second], [first]]],
    ['both twice', ([first, second]) => [[first], [second], [first], [second]]],
    [
      'both twice, insert first',
      ([first, second]) => [
        [second, first],
        [second, first],
      ],
    ],
  ])('%s', async (_name, order) => {
    await batch(row('old', 1, 'long'));
    for (const mutations of order([left('old', 'new', 5), arrived('new', 'old', 5)]))
      await batch(...mutations);
    expect(await rowsOf('old', 'new')).toEqual(['deleted', MOVED]);
  });

  test('in the batch in which the old row itself comes', async () => {
    await batch(row('old', 1, 'long'), left('old', 'new', 5), arrived('new', 'old', 5));
    expect(await rowsOf('old', 'new')).toEqual(['deleted', MOVED]);
  });

  test('past a later change of the new row that leaves the column unchanged', async () => {
    await batch(row('old', 1, 'long'));
    await batch(arrived('new', 'old', 5), mutationOf('new', 6, { hostname: 'PC-renamed' }));
    await batch(left('old', 'new', 5));
    expect(await rowsOf('new')).toEqual([{ hostname: 'PC-renamed', description: 'long' }]);
  });

  test('but not over a later change of the new row that sets the column', async () => {
    await batch(row('old', 1, 'long'));
    await batch(arrived('new', 'old', 5));
    await batch(mutationOf('new', 6, { description: 'newer' }));
    await batch(left('old', 'new', 5));
    expect(await rowsOf('new')).toEqual([{ hostname: 'PC-new', description: 'newer' }]);
  });

  test('but not into a new row that is gone again', async () => {
    await batch(row('old', 1, 'long'));
    await batch(arrived('new', 'old', 5), mutationOf('new', 6, { ...CLEARED }, { deleted: true }));
    await batch(left('old', 'new', 5));
    expect(await rowsOf('old', 'new')).toEqual(['deleted', 'deleted']);
  });

  test('and clears a column that the old row does not hold', async () => {
    await batch(
      row('new', 1, 'of another row'),
      row('old', 2, 'x'),
      mutationOf('old', 3, { description: null }),
    );
    await batch(mutationOf('new', 4, { ...CLEARED }, { deleted: true }));
    await batch(left('old', 'new', 5), arrived('new', 'old', 5));
    expect(await rowsOf('new')).toEqual([{ hostname: 'PC-new' }]);
  });

  test('through a swap of two keys by way of a third', async () => {
    await batch(row('1', 1, 'first'), row('2', 2, 'second'));
    await batch(left('1', '99', 5), arrived('99', '1', 5));
    await batch(left('2', '1', 6), arrived('1', '2', 6));
    await batch(left('99', '2', 7), arrived('2', '99', 7));
    expect(await rowsOf('1', '2', '99')).toEqual([
      { hostname: 'PC-1', description: 'second' },
      { hostname: 'PC-2', description: 'first' },
      'deleted',
    ]);
  });

  test('through a chain of moves whose halves come in another order', async () => {
    await batch(row('1', 1, 'first'));
    await batch(arrived('99', '1', 5), left('99', '2', 7), arrived('2', '99', 7));
    await batch(left('1', '99', 5));
    expect(await rowsOf('2')).toEqual([{ hostname: 'PC-2', description: 'first' }]);
  });

  test('through a swap, in whatever order three partitions are read', async () => {
    const partitions: Mutation[][] = [
      [left('1', '99', 5), arrived('1', '2', 6)],
      [left('2', '1', 6), arrived('2', '99', 7)],
      [arrived('99', '1', 5), left('99', '2', 7)],
    ];
    const orders = interleavings(partitions);
    expect(orders).toHaveLength(90);
    for (const order of orders) {
      await store.close();
      count += 1;
      store = openStore();
      await batch(row('1', 1, 'first'), row('2', 2, 'second'));
      for (const half of order) await batch(half);
      const told = order.map(({ id, deleted }) => `${deleted ? '-' : '+'}${id}`).join(' ');
      expect([told, ...(await rowsOf('1', '2', '99'))]).toEqual([
        told,
        { hostname: 'PC-1', description: 'second' },
        { hostname: 'PC-2', description: 'first' },
        'deleted',
      ]);
    }
  });
});

/** Every order in which sequences can be read side by side. */
function interleavings<T>(sequences: readonly (readonly T[])[]): T[][] {
  if (sequences.every((sequence) => sequence.length === 0)) return [[]];
  return sequences.flatMap((sequence, index) => {
    const [first, ...rest] = sequence;
    if (first === undefined) return [];
    const others = sequences.map((other, at) => (at === index ? rest : other));
    return interleavings(others).map((order) => [first, ...order]);
  });
}
