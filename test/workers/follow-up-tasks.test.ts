import { describe, expect, test } from 'vitest';
import { DestinationError } from '../../src/shared/errors.ts';
import type { ReferenceFollowUp } from '../../src/shared/follow-up.ts';
import type { Row } from '../../src/workers/stores/store.ts';
import { FakeStore, mutationOf } from './fake-store.ts';
import { newWorker, toldIn } from './stages.ts';

const DEVICES = 1200;

const renamed: ReferenceFollowUp = {
  kind: 'reference',
  entity: 'organisation',
  tool: 'tactical-rmm',
  id: '2',
  before: { name: 'ACME' },
  after: { name: 'New' },
  again: false,
};

/** An organisation with many devices that show its earlier name. */
async function renamedStore(): Promise<FakeStore> {
  const store = new FakeStore();
  await store.write([
    mutationOf('2', 2, { name: 'New' }, { entity: 'organisation' }),
    mutationOf('1', 1, { name: 'Main', organisation_id: '2' }, { entity: 'site' }),
  ]);
  for (let id = 0; id < DEVICES; id += 1) {
    const place = { site_id: '1', site_name: 'Main', organisation_id: '2', organisation_name: 'ACME' };
    await store.write([mutationOf(String(id), 1, place)]);
  }
  return store;
}

const named = (store: FakeStore, name: string): number =>
  [...store.rows.values()].filter(
    ({ entity, columns }) => entity === 'device' && columns.organisation_name === name,
  ).length;

describe('follow-up work', () => {
  test('of many rows comes in parts, and goes no further until the next is asked for', async () => {
    const store = await renamedStore();
    const { tasks } = newWorker(store);
    const task = { worker: 0, id: 1, followUps: [renamed] };
    const sizes: number[] = [];
    for (let done = false; !done; ) {
      const part = await tasks.next(task);
      sizes.push(toldIn(part.analytics).length);
      done = part.done;
      if (!done) expect(named(store, 'ACME')).toBeGreaterThan(0);
    }
    expect(sizes.length).toBeGreaterThan(2);
    expect(Math.max(...sizes)).toBeLessThan(DEVICES / 2);
    // The site shows the organisation's name as well.
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(DEVICES + 1);
    expect(named(store, 'New')).toBe(DEVICES);
  });

  test('goes on when the store was away for a while, and tells of every row', async () => {
    const store = await renamedStore();
    let failures = 0;
    const find = store.find.bind(store);
    store.find = async function* (entity, tool, column, value): AsyncIterable<Row> {
      let given = 0;
      for await (const row of find(entity, tool, column, value)) {
        given += 1;
        if (given === 700 && failures < 3) {
          failures += 1;
          throw new DestinationError('outage', 'no host');
        }
        yield row;
      }
    };
    const { tasks } = newWorker(store, {
      patiently: async (read) => {
        for (;;) {
          try {
            return await read();
          } catch (error) {
            if (!(error instanceof DestinationError)) throw error;
          }
        }
      },
    });
    const told = new Set<string>();
    for (let done = false; !done; ) {
      const part = await tasks.next({ worker: 0, id: 1, followUps: [renamed] });
      for (const { entity, key } of toldIn(part.analytics)) told.add(`${entity} ${key}`);
      done = part.done;
    }
    expect(failures).toBe(3);
    expect(named(store, 'New')).toBe(DEVICES);
    expect(told.size).toBe(DEVICES + 1);
  });

  test('that fails for good says so', async () => {
    const store = await renamedStore();
    store.find = () => {
      throw new DestinationError('permanent', 'refused');
    };
    const { tasks } = newWorker(store);
    await expect(tasks.next({ worker: 0, id: 1, followUps: [renamed] })).rejects.toThrow('refused');
  });
});
