import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { messageTypes } from '../../src/shared/message-type.ts';
import { createBoard } from '../../src/shared/shared-board.ts';
import type { Store } from '../../src/workers/stores/store.ts';
import { FakeStore } from './fake-store.ts';
import { type ChangeTrial, changed, changeTrial, type Said, stores, versionText } from './rows.ts';

const opened = stores();
afterAll(() => opened.close());

const T = 'tactical-rmm';
const F = 'fleet-mdm';
const CLEARED = { cleared: ['name', 'organisation_id', 'hostname', 'site_id', 'display_name'] };

const truncate = (name: string, version: number): Said => ({
  kind: 'truncate',
  types: messageTypes.filter((type) => type.name === name),
  version: versionText(version),
  sourceTs: version,
});
const site = (id: string, version: number, name = `Site ${id}`) => [
  changed('site', T, id, version, { name, organisation_id: '2' }),
];
const device = (id: string, version: number, siteId: string) => [
  changed('device', T, id, version, { hostname: `pc-${id}`, site_id: siteId }),
];
const TRUNCATE_SITES = 'tactical-rmm.clients_site';
const TRUNCATE_DEVICES = 'tactical-rmm.agents_agent';

describe.each(opened.kinds)('a truncated table of a store %s', (kind) => {
  let store: Store;
  let trial: ChangeTrial;
  beforeEach(async () => {
    store = await opened.open(kind);
    trial = changeTrial(store, CLEARED);
  });
  const live = async (...ids: string[]) => {
    const rows = await store.read('site', T, ids);
    return ids.filter((id) => rows.get(id)?.deleted === false);
  };

  test('loses its older rows and keeps newer ones, and analytics gets the deletes', async () => {
    await trial.take(site('1', 1), site('2', 2), site('3', 9));
    const { followed, outcomes } = await trial.take(truncate(TRUNCATE_SITES, 5));
    expect(outcomes).toEqual({ written: 1 });
    expect(await live('1', '2', '3')).toEqual(['3']);
    expect((await trial.row('site', T, '1'))?.columns).toEqual({});
    expect(followed.map(({ key, row }) => [key, row.op, row.deleted, row.name]).sort()).toEqual([
      [`${T}:1`, 'delete', true, undefined],
      [`${T}:2`, 'delete', true, undefined],
    ]);
  });

  test('keeps out older rows that come later, in this process and in the next', async () => {
    await trial.take(truncate(TRUNCATE_SITES, 5));
    for (const worker of [trial, changeTrial(store, CLEARED)]) {
      const { outcomes, analytics } = await worker.take(site('1', 3), site('2', 7));
      expect(outcomes).toMatchObject({ stale: 1 });
      expect(analytics.map(({ key }) => key)).not.toContain(`${T}:1`);
      expect(await live('1', '2')).toEqual(['2']);
    }
  });

  test('leaves rows of other tables and tools as they are', async () => {
    await trial.take([changed('organisation', T, '1', 1, { name: 'A' })]);
    await trial.take([changed('device', F, '1', 1, { hostname: 'f' })], device('1', 1, '1'));
    await trial.take(truncate('fleet-mdm.hosts', 5));
    expect((await trial.row('device', T, '1'))?.deleted).toBe(false);
    expect((await trial.row('organisation', T, '1'))?.deleted).toBe(false);
    expect((await trial.row('device', F, '1'))?.deleted).toBe(true);
  });

  test('that feeds a facet takes the facet’s columns and no row', async () => {
    await trial.take([changed('device', F, '1', 1, { hostname: 'f' })]);
    const facet = 'host_display_names';
    await trial.take([changed('device', F, '1', 2, { display_name: 'F' }, { facet })]);
    await trial.take([changed('device', F, '2', 2, { display_name: 'G' }, { facet })]);
    const only = changeTrial(store, { cleared: ['display_name'] });
    const { followed } = await only.take(truncate('fleet-mdm.host_display_names', 5));
    expect(await trial.columns('device', F, '1')).toEqual({ hostname: 'f' });
    expect((await trial.row('device', F, '1'))?.deleted).toBe(false);
    expect(followed.map(({ key, row }) => [key, row.deleted, row.hostname])).toEqual([
      [`${F}:1`, false, 'f'],
    ]);
  });

  test('read twice changes nothing more, and tells the deletes again', async () => {
    await trial.take(site('1', 1));
    const first = await trial.take(truncate(TRUNCATE_SITES, 5));
    const row = await trial.row('site', T, '1');
    const again = await changeTrial(store, CLEARED).take(truncate(TRUNCATE_SITES, 5));
    expect(await trial.row('site', T, '1')).toEqual(row);
    expect(again.followed.map(({ key }) => key)).toEqual(first.followed.map(({ key }) => key));
  });

  test('of references takes what others show of them, also when a process died on the way', async () => {
    await trial.take(site('1', 1), device('7', 1, '1'));
    expect(await trial.columns('device', T, '7')).toMatchObject({ site_name: 'Site 1' });
    await trial.batch(truncate(TRUNCATE_SITES, 5));
    const { followed } = await changeTrial(store, CLEARED).take(truncate(TRUNCATE_SITES, 5));
    expect(await trial.columns('device', T, '7')).toEqual({ hostname: 'pc-7', site_id: '1' });
    expect(followed.find(({ key }) => key === `${T}:7`)?.row.site_name).toBeUndefined();
    await trial.take(site('1', 9, 'Again'));
    expect(await trial.columns('device', T, '7')).toMatchObject({ site_name: 'Again' });
  });

  test('whose older row comes late names nothing in that row’s own batch', async () => {
    await trial.take(truncate(TRUNCATE_SITES, 5));
    await trial.take(site('1', 3), device('7', 1, '1'));
    expect(await trial.columns('device', T, '7')).toEqual({ hostname: 'pc-7', site_id: '1' });
  });
});

test('a truncate that comes while an older row is on its way to the store marks that row all the same', async () => {
  const store = new FakeStore();
  const trial = changeTrial(store, CLEARED);
  // Another process: its truncate is known here only when it is read from the store.
  store.script = async ([mutation]) => {
    if (mutation?.entity !== 'site' || mutation.deleted) return;
    store.script = () => undefined;
    await changeTrial(store, CLEARED).take(truncate(TRUNCATE_SITES, 5));
  };
  let now = 0;
  const later = changeTrial(store, {
    ...CLEARED,
    now: () => {
      now += 20_000;
      return now;
    },
  });
  const { analytics } = await later.take(site('1', 3));
  expect((await trial.row('site', T, '1'))?.deleted).toBe(true);
  expect(analytics.at(-1)?.row).toMatchObject({ id: '1', deleted: true });
});

test('rows that two truncates mark side by side give nothing to what comes later', async () => {
  const store = new FakeStore();
  const options = { board: createBoard(2), cleared: ['hostname', 'site_id', 'mesh_node_id'] };
  // Two workers of one process, each with a cache of its own.
  const [trial, other] = [changeTrial(store, options), changeTrial(store, options)];
  const node = (version: number) => [changed('device', 'meshcentral', 'n7', version, { mesh_node_id: 'n7' })];
  const place = async () => (await trial.columns('device', 'meshcentral', 'n7'))?.site_id;
  await trial.take(site('1', 1), [changed('organisation', T, '2', 1, { name: 'ACME' })]);
  await trial.take([changed('device', T, '7', 1, { hostname: 'pc-7', site_id: '1', mesh_node_id: 'n7' })]);
  await trial.take(node(2));
  expect(await place()).toBe('1');
  // The second truncate comes when the first has marked the device, and before that has looked at what it marked.
  store.readScript = async (ids) => {
    if (!ids.includes('7') || store.rows.get(`device|${T}|7`)?.deleted !== true) return;
    store.readScript = () => undefined;
    await other.take(truncate(TRUNCATE_DEVICES, 6));
  };
  await other.take(truncate(TRUNCATE_DEVICES, 5));
  await trial.take(node(9));
  expect(await place()).toBeUndefined();
});

test('a row that is marked once it is written gives nothing to what comes later', async () => {
  const store = new FakeStore();
  const options = { ...CLEARED, board: createBoard(2) };
  const [trial, other] = [changeTrial(store, options), changeTrial(store, options)];
  store.script = async ([mutation]) => {
    if (mutation?.entity !== 'site' || mutation.deleted) return;
    store.script = () => undefined;
    await other.take(truncate(TRUNCATE_SITES, 5));
  };
  await trial.take([changed('site', T, '1', 3, { name: 'Site 1' })]);
  expect((await trial.row('site', T, '1'))?.deleted).toBe(true);
  await trial.take(device('7', 6, '1'));
  expect(await trial.columns('device', T, '7')).toEqual({ hostname: 'pc-7', site_id: '1' });
});
