import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import type { Columns, Tool } from '../../src/shared/entity.ts';
import { createBoard } from '../../src/shared/shared-board.ts';
import type { Store } from '../../src/workers/stores/store.ts';
import { type ChangeTrial, changed, changeTrial, stores } from './rows.ts';

const opened = stores();
afterAll(() => opened.close());

const T = 'tactical-rmm';
const F = 'fleet-mdm';
const M = 'meshcentral';
const GONE = {
  hostname: null,
  serial_number: null,
  mesh_node_id: null,
  organisation_id: null,
  site_id: null,
};

const device = (tool: Tool, id: string, version: number, columns: Columns) => [
  changed('device', tool, id, version, columns),
];
const gone = (tool: Tool, id: string, version: number) => [
  changed('device', tool, id, version, null, { columns: GONE }),
];
/** Organisation 1 of Tactical with its site 1, and organisation 5 of Fleet of the same name. */
const PLACES = [
  [changed('organisation', T, '1', 1, { name: 'ACME' })],
  [changed('site', T, '1', 1, { name: 'Main', organisation_id: '1' })],
  [changed('organisation', F, '5', 1, { name: 'ACME' })],
];

describe.each(opened.kinds)('devices of a store %s', (kind) => {
  let store: Store;
  let trial: ChangeTrial;
  beforeEach(async () => {
    store = await opened.open(kind);
    trial = changeTrial(store);
    await trial.take(...PLACES);
  });

  /** Links that hold, with their evidence. */
  async function links(): Promise<Record<string, unknown>> {
    const found: Record<string, unknown> = {};
    for await (const { id, deleted, columns } of store.scan('device_link'))
      if (!deleted) found[id] = [columns.evidence, columns.confidence];
    return found;
  }

  test('with the same node of MeshCentral are linked exactly, and the node gets its place', async () => {
    await trial.take(device(M, 'n1', 1, { hostname: 'x', mesh_node_id: 'n1' }));
    await trial.take(device(T, '7', 2, { hostname: 'y', mesh_node_id: 'n1', site_id: '1' }));
    expect(await links()).toEqual({ '7|meshcentral|n1': [['mesh_node_id'], 'exact'] });
    const place = { site_id: '1', site_name: 'Main', organisation_id: '1', organisation_name: 'ACME' };
    expect(await trial.columns('device', M, 'n1')).toMatchObject(place);
    expect(await trial.columns('device_link', T, '7|meshcentral|n1')).toMatchObject(place);
  });

  test('with the same serial number are linked exactly, unless it is a placeholder', async () => {
    await trial.take(device(T, '7', 1, { hostname: 'x', serial_number: 'SN-1', site_id: '1' }));
    await trial.take(device(F, '8', 1, { hostname: 'y', serial_number: 'SN-1' }));
    await trial.take(device(T, '9', 1, { hostname: 'z', serial_number: 'To Be Filled By O.E.M.' }));
    await trial.take(device(F, '10', 1, { hostname: 'u', serial_number: 'To Be Filled By O.E.M.' }));
    await trial.take(device(T, '11', 1, { hostname: 'v', serial_number: '' }));
    await trial.take(device(F, '12', 1, { hostname: 'w', serial_number: '' }));
    expect(await links()).toEqual({ '7|fleet-mdm|8': [['serial_number'], 'exact'] });
  });

  test('with the same hostname are linked as likely, inside of one organisation only', async () => {
    await trial.take(device(T, '7', 1, { hostname: 'pc', site_id: '1' }));
    await trial.take(device(F, '8', 1, { hostname: 'pc', organisation_id: '5' }));
    await trial.take(device(F, '9', 1, { hostname: 'pc' }));
    expect(await links()).toEqual({ '7|fleet-mdm|8': [['hostname'], 'likely'] });
  });

  test('lose a likely link when a namesake comes on either side, and get it back when that goes', async () => {
    const likely = { '7|fleet-mdm|8': [['hostname'], 'likely'] };
    await trial.take(device(T, '7', 1, { hostname: 'pc', site_id: '1' }));
    await trial.take(device(F, '8', 1, { hostname: 'pc', organisation_id: '5' }));
    await trial.take(device(T, '70', 2, { hostname: 'pc', site_id: '1' }));
    expect(await links()).toEqual({});
    await trial.take(device(T, '70', 3, { hostname: 'other', site_id: '1' }));
    expect(await links()).toEqual(likely);
    await trial.take(device(F, '80', 2, { hostname: 'pc', organisation_id: '5' }));
    expect(await links()).toEqual({});
    await trial.take(gone(F, '80', 3));
    expect(await links()).toEqual(likely);
  });

  test('lose what goes of the evidence, and the link with the last of it', async () => {
    const id = '7|fleet-mdm|8';
    await trial.take(device(T, '7', 1, { hostname: 'pc', serial_number: 'S', site_id: '1' }));
    await trial.take(device(F, '8', 1, { hostname: 'pc', serial_number: 'S', organisation_id: '5' }));
    expect(await links()).toEqual({ [id]: [['hostname', 'serial_number'], 'exact'] });
    await trial.take(device(F, '8', 2, { hostname: 'pc', serial_number: 'R', organisation_id: '5' }));
    expect(await links()).toEqual({ [id]: [['hostname'], 'likely'] });
    const { followed } = await trial.take(device(F, '8', 3, { hostname: 'new', organisation_id: '5' }));
    expect(await links()).toEqual({});
    const told = followed.filter(({ entity }) => entity === 'device_link');
    expect(told.map(({ key, row }) => [key, row.op, row.deleted])).toEqual([[`${T}:${id}`, 'delete', true]]);
  });

  test('lose the link with a deleted device, and tell of it again when a process died meanwhile', async () => {
    await trial.take(device(T, '7', 1, { hostname: 'x', serial_number: 'S' }));
    await trial.take(device(F, '8', 1, { hostname: 'y', serial_number: 'S' }));
    await trial.take(gone(T, '7', 2));
    expect(await links()).toEqual({});
    const { followed } = await changeTrial(store).take(gone(T, '7', 2));
    const told = followed.filter(({ entity }) => entity === 'device_link');
    expect(told.map(({ row }) => [row.id, row.deleted])).toEqual([['7|fleet-mdm|8', true]]);
  });

  test('follow the names of their organisations', async () => {
    await trial.take(device(T, '7', 1, { hostname: 'pc', site_id: '1' }));
    await trial.take(device(F, '8', 1, { hostname: 'pc', organisation_id: '5' }));
    await trial.take([changed('organisation', F, '5', 2, { name: 'Umbrella' })]);
    expect(await links()).toEqual({});
    await trial.take([changed('organisation', T, '1', 2, { name: 'Umbrella' })]);
    expect(await links()).toEqual({ '7|fleet-mdm|8': [['hostname'], 'likely'] });
    const link = await trial.columns('device_link', T, '7|fleet-mdm|8');
    expect(link?.organisation_name).toBe('Umbrella');
  });

  test('get a likely link when a namesake leaves the organisation because it lost its place', async () => {
    await trial.take(device(M, 'n1', 1, { hostname: 'x', mesh_node_id: 'n1' }));
    await trial.take(device(M, 'n2', 1, { hostname: 'x', mesh_node_id: 'n2' }));
    await trial.take(device(T, '7', 1, { hostname: 'x', mesh_node_id: 'n1', site_id: '1' }));
    await trial.take(device(T, '8', 1, { hostname: 'y', mesh_node_id: 'n2', site_id: '1' }));
    const id = '7|meshcentral|n1';
    expect((await links())[id]).toEqual([['mesh_node_id'], 'exact']);
    await trial.take(gone(T, '8', 2));
    expect(await links()).toEqual({ [id]: [['hostname', 'mesh_node_id'], 'exact'] });
  });

  test('are linked when two workers take them at the same time', async () => {
    const board = createBoard(2);
    for (let round = 0; round < 10; round += 1) {
      const version = round + 1;
      const serial = round % 2 === 0 ? `S${round}` : 'none';
      await Promise.all([
        changeTrial(store, { board }).take(device(T, '7', version, { hostname: 'x', serial_number: serial })),
        changeTrial(store, { board }).take(device(F, '8', version, { hostname: 'y', serial_number: serial })),
      ]);
      const expected = round % 2 === 0 ? { '7|fleet-mdm|8': [['serial_number'], 'exact'] } : {};
      expect(await links()).toEqual(expected);
    }
  });
});
