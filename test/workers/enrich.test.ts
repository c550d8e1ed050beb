import { describe, expect, test } from 'vitest';
import type { Mutation } from '../../src/shared/mutation.ts';
import { createBoard, ReferenceEpochs } from '../../src/shared/shared-board.ts';
import { NoStore } from '../../src/workers/stores/no-store.ts';
import { FakeStore, mutationOf } from './fake-store.ts';
import { newWorker, REFERENCES } from './stages.ts';

const organisation = (id: string, name: string, version = 1): Mutation =>
  mutationOf(id, version, { name, organisation_id: id, organisation_name: name }, { entity: 'organisation' });
const site = (id: string, name: string, organisationId: string, version = 1): Mutation =>
  mutationOf(
    id,
    version,
    { name, site_id: id, site_name: name, organisation_id: organisationId },
    { entity: 'site' },
  );
const device = (id: string, siteId: string | null, version = 1): Mutation =>
  mutationOf(id, version, { hostname: `PC-${id}`, site_id: siteId });

function newTrial(
  options: { board?: ReturnType<typeof createBoard>; store?: FakeStore; cacheBytes?: number } = {},
) {
  const store = options.store ?? new FakeStore();
  const { cacheBytes = REFERENCES.cacheBytes, board = createBoard(1) } = options;
  const { cache, enricher } = newWorker(store, { board, references: { cacheBytes } });
  /** As a batch does it: enrich, write, tell what was decided. */
  const batch = async (...mutations: Mutation[]): Promise<Mutation[]> => {
    const enrichment = await enricher.enrich(mutations);
    for (const mutation of mutations) {
      const [outcome] = await store.write([mutation]);
      enricher.decided(mutation, outcome !== 'stale', enrichment);
    }
    return mutations;
  };
  /** What was read but for the changed devices' own rows, of which others may hear. */
  const asked = () => store.reads.filter(([first]) => first?.startsWith('device|') !== true);
  return { store, cache, enricher, batch, asked };
}

/** Site 1 "Main" of organisation 2 "ACME" in the store, nothing in the cache. */
async function stored(): Promise<FakeStore> {
  const store = new FakeStore();
  await store.write([organisation('2', 'ACME')]);
  await store.write([site('1', 'Main', '2')]);
  return store;
}

const PLACE = { site_id: '1', site_name: 'Main', organisation_id: '2', organisation_name: 'ACME' };

describe('a reference that is not there', () => {
  test('leaves its names empty, and the row goes on', async () => {
    const { batch } = newTrial();
    const [row] = await batch(device('a', '404'));
    expect(row?.columns).toEqual({
      hostname: 'PC-a',
      site_id: '404',
      site_name: null,
      organisation_id: null,
      organisation_name: null,
    });
  });

  test('is asked for once and believed missing, until its change comes through this worker', async () => {
    const { batch, asked } = newTrial();
    await batch(device('a', '1'));
    await batch(device('b', '1'));
    expect(asked()).toEqual([['site|tactical-rmm|1']]);
    await batch(organisation('2', 'ACME'), site('1', 'Main', '2'));
    const before = asked().length;
    const [row] = await batch(device('c', '1'));
    expect(row?.columns).toMatchObject(PLACE);
    expect(asked()).toHaveLength(before);
  });

  test('is seen when another worker writes it', async () => {
    const [board, store] = [createBoard(2), new FakeStore()];
    const [one, other] = [newTrial({ board, store }), newTrial({ board, store })];
    await one.batch(device('a', '1'));
    await other.batch(organisation('2', 'ACME'), site('1', 'Main', '2'));
    const [row] = await one.batch(device('b', '1'));
    expect(row?.columns).toMatchObject(PLACE);
  });
});

describe('a reference in the stream', () => {
  test('is seen by rows of its own batch, behind it and before it', async () => {
    const { batch } = newTrial();
    const rows = await batch(
      device('a', '1'),
      organisation('2', 'ACME'),
      site('1', 'Main', '2'),
      device('b', '1'),
    );
    expect(rows[0]?.columns).toMatchObject(PLACE);
    expect(rows[3]?.columns).toMatchObject(PLACE);
    expect(rows[2]?.columns).toMatchObject({ name: 'Main', organisation_name: 'ACME' });
  });

  test('is not forgotten for what the store held before it', async () => {
    const { batch } = newTrial({ store: await stored() });
    // The device makes the batch read the site from the store, which does not know the new name yet.
    await batch(device('a', '1'), site('1', 'Renamed', '2', 2));
    const [row] = await batch(device('b', '1'));
    expect(row?.columns).toMatchObject({ ...PLACE, site_name: 'Renamed' });
  });

  test('that was missing is known at once, though a row before it in its batch made the store say no', async () => {
    const { batch } = newTrial();
    await batch(device('a', '1'), organisation('2', 'ACME'), site('1', 'Main', '2'));
    const [row] = await batch(device('b', '1'));
    expect(row?.columns).toMatchObject(PLACE);
  });

  test('that is renamed names the rows after it, in this worker and in others', async () => {
    const board = createBoard(2);
    const store = await stored();
    const [one, other] = [newTrial({ board, store }), newTrial({ board, store })];
    await one.batch(device('a', '1'));
    await other.batch(device('b', '1'));
    await one.batch(organisation('2', 'ACME Ltd', 2));
    for (const { batch } of [one, other]) {
      const [row] = await batch(device('c', '1'));
      expect(row?.columns).toMatchObject({ ...PLACE, organisation_name: 'ACME Ltd' });
    }
  });

  test('changed twice in a batch keeps its newest name, whatever another worker does meanwhile', async () => {
    const [board, store] = [createBoard(2), new FakeStore()];
    const one = newTrial({ board, store });
    const mutations = [organisation('2', 'Old', 1), organisation('2', 'New', 2)];
    const enrichment = await one.enricher.enrich(mutations);
    for (const mutation of mutations) {
      await store.write([mutation]);
      // Another worker's reference shares the shared word by chance.
      new ReferenceEpochs(board).advance('organisation|tactical-rmm|2');
      one.enricher.decided(mutation, true, enrichment);
    }
    const [row] = await one.batch(site('1', 'Main', '2'));
    expect(row?.columns.organisation_name).toBe('New');
  });

  test('that turned out stale is read from the store again', async () => {
    const store = await stored();
    await store.write([site('1', 'Newest', '2', 9)]);
    const { batch } = newTrial({ store });
    await batch(site('1', 'Late', '2', 5));
    const [row] = await batch(device('a', '1'));
    expect(row?.columns.site_name).toBe('Newest');
  });

  test('that is deleted names nothing any more', async () => {
    const { batch } = newTrial({ store: await stored() });
    await batch(device('a', '1'));
    await batch(mutationOf('1', 5, { name: null }, { entity: 'site', deleted: true }));
    const [row] = await batch(device('b', '1'));
    expect(row?.columns).toMatchObject({ site_id: '1', site_name: null, organisation_id: null });
  });
});

describe('the store', () => {
  test('is read once for all rows of a batch, and not again', async () => {
    const { batch, asked } = newTrial({ store: await stored() });
    const rows = await batch(...Array.from({ length: 20 }, (_, index) => device(String(index), '1')));
    expect(asked()).toEqual([['site|tactical-rmm|1'], ['organisation|tactical-rmm|2']]);
    for (const row of rows) expect(row.columns).toMatchObject(PLACE);
    await batch(device('x', '1'));
    expect(asked()).toHaveLength(2);
  });

  test('gives what a batch needs though the cache has no room for it', async () => {
    const store = new FakeStore();
    await store.write([organisation('2', 'ACME')]);
    for (let id = 0; id < 100; id += 1) await store.write([site(String(id), `S${id}`, '2')]);
    const { batch } = newTrial({ store, cacheBytes: 1024 });
    const rows = await batch(...Array.from({ length: 100 }, (_, id) => device(String(id), String(id))));
    for (const [id, row] of rows.entries())
      expect(row.columns).toMatchObject({ site_name: `S${id}`, organisation_name: 'ACME' });
  });

  test('gives what a batch needs though another worker changes a reference while it is read', async () => {
    const board = createBoard(2);
    const store = await stored();
    const { batch } = newTrial({ store, board });
    store.readScript = () => {
      for (let id = 0; id < 3; id += 1) new ReferenceEpochs(board).advance(`site|tactical-rmm|${id}`);
    };
    const [row] = await batch(device('a', '1'));
    expect(row?.columns).toMatchObject(PLACE);
  });
});

describe('a row', () => {
  test('without a site loses what its site had filled', async () => {
    const { batch } = newTrial({ store: await stored() });
    const [row] = await batch(device('a', null));
    expect(row?.columns).toMatchObject({
      site_id: null,
      site_name: null,
      organisation_id: null,
      organisation_name: null,
    });
  });

  test('whose change leaves its site unchanged keeps its names', async () => {
    const { batch } = newTrial();
    const [row] = await batch(mutationOf('a', 1, { hostname: 'A' }));
    expect(row?.columns).toEqual({ hostname: 'A' });
  });

  test('that is deleted clears what was filled, and asks for nothing', async () => {
    const { batch, asked } = newTrial({ store: await stored() });
    const [row] = await batch(mutationOf('a', 1, { hostname: null, site_id: null }, { deleted: true }));
    expect(row?.columns).toMatchObject({ site_name: null, organisation_id: null, organisation_name: null });
    expect(asked()).toEqual([]);
    const [user] = await batch(mutationOf('u', 1, { role_id: null }, { deleted: true, entity: 'user' }));
    expect(user?.columns.role).toBeNull();
  });

  test('of a user gets its role’s name', async () => {
    const { batch } = newTrial();
    const rows = await batch(
      mutationOf('4', 1, { name: 'Tech' }, { entity: 'role' }),
      mutationOf('u', 1, { role_id: '4' }, { entity: 'user' }),
      mutationOf('v', 1, { role_id: '5' }, { entity: 'user' }),
    );
    expect(rows.map(({ columns }) => columns.role)).toEqual([undefined, 'Tech', null]);
  });

  test('of a facet is left as it is', async () => {
    const { batch } = newTrial();
    const [row] = await batch(mutationOf('a', 1, { online: true }, { facet: 'lastconnect' }));
    expect(row?.columns).toEqual({ online: true });
  });

  test('never takes a reference of another tool', async () => {
    const { batch } = newTrial({ store: await stored() });
    const [row] = await batch(mutationOf('a', 1, { organisation_id: '2' }, { tool: 'fleet-mdm' }));
    expect(row?.columns.organisation_name).toBeNull();
  });
});

describe('without a store', () => {
  test('what is seen for the first time puts nothing out of the caches, and what changes does once', async () => {
    const board = createBoard(1);
    const { enricher } = newWorker(new NoStore(16), { board, writes: false });
    const words = new Int32Array(board.referenceEpochs);
    const moved = async (...mutations: Mutation[]): Promise<number> => {
      const before = words.reduce((sum, word) => sum + word, 0);
      const enrichment = await enricher.enrich(mutations);
      for (const mutation of mutations) enricher.decided(mutation, true, enrichment);
      return words.reduce((sum, word) => sum + word, -before);
    };
    expect(await moved(organisation('2', 'ACME'), site('1', 'Main', '2'), device('a', '1'))).toBe(0);
    const check = mutationOf('c', 1, { device_id: 'a' }, { entity: 'check' });
    expect(await moved(check)).toBe(0);
    expect(check.columns).toMatchObject({ device_id: 'a', ...PLACE });
    expect(await moved(site('1', 'Main', '2', 2))).toBe(0);
    expect(await moved(site('1', 'Main Street', '2', 3))).toBe(1);
  });
});
