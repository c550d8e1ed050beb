import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import type { Change } from '../../src/shared/mutation.ts';
import type { Store } from '../../src/workers/stores/store.ts';
import { FakeStore } from './fake-store.ts';
import { type ChangeTrial, changed, changeTrial, stores } from './rows.ts';

const opened = stores();
afterAll(() => opened.close());

const T = 'tactical-rmm';
const F = 'fleet-mdm';
const organisation = (version: number, name: string) => [changed('organisation', T, '2', version, { name })];
const site = (version: number, name: string, organisationId = '2') => [
  changed('site', T, '1', version, { name, organisation_id: organisationId }),
];
const device = (version: number, siteId = '1') => [
  changed('device', T, '7', version, { hostname: 'pc', device_key: 'key', site_id: siteId }),
];
const result = (version: number) => [changed('check_result', T, '9', version, { device_id: '7' })];
const PLACE = { site_id: '1', site_name: 'Main', organisation_id: '2', organisation_name: 'ACME' };

describe.each(opened.kinds)('a row of a store %s', (kind) => {
  let store: Store;
  let trial: ChangeTrial;
  beforeEach(async () => {
    store = await opened.open(kind);
    trial = changeTrial(store);
  });

  test('is completed with a site and an organisation that come after it, and analytics hears of it', async () => {
    await trial.take(device(1));
    expect(await trial.columns('device', T, '7')).toMatchObject({ site_id: '1' });
    const { followed } = await trial.take(site(2, 'Main'));
    expect(followed.map(({ key, row }) => [key, row.site_name, row.organisation_name])).toEqual([
      [`${T}:7`, 'Main', undefined],
    ]);
    const last = await trial.take(organisation(3, 'ACME'));
    expect(await trial.columns('device', T, '7')).toMatchObject(PLACE);
    const told = last.followed.find(({ key }) => key === `${T}:7`);
    expect(told?.row).toMatchObject({ ...PLACE, op: 'update', hostname: 'pc' });
    expect(String(told?.row.version) > String(followed[0]?.row.version)).toBe(true);
  });

  test('waits for its device, then for the device’s site, then for the site’s organisation', async () => {
    await trial.take(result(1));
    await trial.take(device(2));
    await trial.take(site(3, 'Main'));
    await trial.take(organisation(4, 'ACME'));
    expect(await trial.columns('check_result', T, '9')).toEqual({ device_id: '7', ...PLACE });
  });

  test('is complete whichever of its references comes last, in one batch or in many', async () => {
    const all = [organisation(1, 'ACME'), site(2, 'Main'), device(3), result(4)];
    for (const order of permutations(all)) {
      const other = changeTrial(await opened.open('in memory'));
      for (const one of order) await other.take(one);
      expect(await other.columns('check_result', T, '9')).toEqual({ device_id: '7', ...PLACE });
      const together = changeTrial(await opened.open('in memory'));
      await together.take(...order);
      expect(await together.columns('check_result', T, '9')).toEqual({ device_id: '7', ...PLACE });
    }
  });

  test('gets its role, its user and the device of its key when they come', async () => {
    await trial.take(
      [changed('user', T, '1', 1, { role_id: '4' })],
      [changed('event', T, 'logs_auditlog:1', 1, { device_key: 'key' })],
      [changed('event', F, 'host_script_results:x', 1, { actor_id: '3', device_id: null })],
    );
    await trial.take([changed('role', T, '4', 2, { name: 'Tech' })], device(2));
    await trial.take([changed('user', F, '3', 2, { display_name: 'Ann' })]);
    expect(await trial.columns('user', T, '1')).toMatchObject({ role: 'Tech' });
    const event = await trial.columns('event', T, 'logs_auditlog:1');
    expect(event).toMatchObject({ device_id: '7', device_name: 'pc', site_id: '1' });
    const run = await trial.columns('event', F, 'host_script_results:x');
    expect(run).toMatchObject({ actor_name: 'Ann' });
  });

  test('is completed again when another process has written it since in the belief that its device is missing', async () => {
    const event = (version: number) => [
      changed('event', T, 'logs_auditlog:1', version, { device_key: 'key' }),
    ];
    const other = changeTrial(store);
    await other.take(event(1));
    await trial.take(device(2));
    expect(await trial.columns('event', T, 'logs_auditlog:1')).toMatchObject({ device_id: '7' });
    // The other process has it among those that wait, and its cache says that there is no such device.
    await other.take(event(3));
    expect((await trial.columns('event', T, 'logs_auditlog:1'))?.device_id ?? null).toBeNull();
    await trial.repeat();
    expect(await trial.columns('event', T, 'logs_auditlog:1')).toMatchObject({ device_id: '7' });
  });

  test('looks for its device itself when that came just before it was noted as waiting', async () => {
    const event = (version: number) => [
      changed('event', T, 'logs_auditlog:1', version, { device_key: 'key' }),
    ];
    const memory = new FakeStore();
    const [one, other] = [changeTrial(memory), changeTrial(memory)];
    let release = (): void => undefined;
    const later = new Promise<void>((resolve) => {
      release = resolve;
    });
    memory.script = (mutations) => (mutations.some(({ sourceTs }) => sourceTs === 3) ? later : undefined);
    const note = memory.addWaiting.bind(memory);
    memory.addWaiting = async (waiting) => {
      // Whoever brings the device has found nobody who waits.
      memory.addWaiting = note;
      await other.take(device(2));
      await note(waiting);
    };
    const first = one.take(event(1));
    const second = one.take(event(3));
    await first;
    expect(await one.columns('event', T, 'logs_auditlog:1')).toMatchObject({ device_id: '7' });
    release();
    await second;
    expect(await one.columns('event', T, 'logs_auditlog:1')).toMatchObject({ device_id: '7' });
  });

  test('shows the new name of an organisation or a site that is renamed', async () => {
    await trial.take(organisation(1, 'ACME'), site(2, 'Main'), device(3), result(4));
    await trial.take(organisation(5, 'ACME Ltd'));
    const { followed } = await trial.take(site(6, 'Lab'));
    const renamed = { ...PLACE, site_name: 'Lab', organisation_name: 'ACME Ltd' };
    expect(await trial.columns('device', T, '7')).toMatchObject(renamed);
    expect(await trial.columns('check_result', T, '9')).toMatchObject(renamed);
    expect(followed.map(({ key }) => key).sort()).toEqual([`${T}:7`, `${T}:9`]);
  });

  test('loses what a deleted reference gave, and gets it back when that comes again', async () => {
    await trial.take(organisation(1, 'ACME'), site(2, 'Main'), device(3));
    await trial.take([changed('site', T, '1', 4, null, { columns: { name: null, organisation_id: null } })]);
    const columns = await trial.columns('device', T, '7');
    expect(columns).toEqual({ hostname: 'pc', device_key: 'key', site_id: '1' });
    await trial.take(site(5, 'Main'));
    expect(await trial.columns('device', T, '7')).toMatchObject(PLACE);
  });

  test('that is deleted is left alone', async () => {
    await trial.take(device(1));
    await trial.take([
      changed('device', T, '7', 2, null, { columns: { hostname: null, device_key: null, site_id: null } }),
    ]);
    const { followed } = await trial.take(organisation(3, 'ACME'), site(4, 'Main'));
    expect(followed).toEqual([]);
    expect((await trial.row('device', T, '7'))?.columns).toEqual({});
  });

  test('joins an activity with one host, with several, and with those that come before it', async () => {
    const joined = (host: string, activity: string) => [
      changed('event_device', F, `${host}:${activity}`, 1, {
        event_id: `activity_past:${activity}`,
        device_id: host,
      }),
    ];
    const host = (id: string, organisationId: string) => [
      changed('device', F, id, 1, { hostname: `h${id}`, organisation_id: organisationId }),
    ];
    await trial.take(joined('1', '5'), host('1', '8'), host('2', '8'), host('3', '9'));
    await trial.take([changed('event', F, 'activity_past:5', 1, { summary: 'ran' })]);
    const event = () => trial.columns('event', F, 'activity_past:5');
    expect(await event()).toMatchObject({ device_id: '1', device_name: 'h1', organisation_id: '8' });
    await trial.take(joined('2', '5'));
    expect(await event()).toEqual({ summary: 'ran', device_ids: ['1', '2'], organisation_id: '8' });
    await trial.take(joined('3', '5'));
    expect(await event()).toEqual({ summary: 'ran', device_ids: ['1', '2', '3'] });
  });

  test('is not written when nothing differs', async () => {
    await trial.take(organisation(1, 'ACME'), site(2, 'Main'), device(3));
    const before = await trial.row('device', T, '7');
    const { followed } = await trial.take([
      changed('site', T, '1', 5, { name: 'Main', organisation_id: '2', updated_at: 5 }),
    ]);
    expect(followed).toEqual([]);
    expect(await trial.row('device', T, '7')).toEqual(before);
  });

  test('left incomplete by a process that died is completed when its record or its reference is read again', async () => {
    await trial.batch(device(1));
    await trial.batch(organisation(2, 'ACME'), site(3, 'Main'));
    expect(await trial.columns('device', T, '7')).not.toHaveProperty('site_name');
    const { analytics } = await changeTrial(store).take(device(1));
    expect(await trial.columns('device', T, '7')).toMatchObject(PLACE);
    expect(analytics.at(-1)?.row).toMatchObject(PLACE);
  });

  test('completed by a process that died before it said so is told when the reference is read again', async () => {
    await trial.take(device(1));
    await trial.take(organisation(2, 'ACME'), site(3, 'Main'));
    const { followed } = await changeTrial(store).take(site(3, 'Main'));
    expect(followed.map(({ key }) => key)).toContain(`${T}:7`);
    expect(followed.at(-1)?.row).toMatchObject(PLACE);
  });
});

test('a completion that meets a newer version of its row begins again from that', async () => {
  const store = new FakeStore();
  const trial = changeTrial(store);
  await trial.take(device(1, '1'));
  const complete = store.complete.bind(store);
  let refused = 0;
  store.complete = async (seen, columns) => {
    if (refused === 0) {
      refused += 1;
      const [moved] = device(5, '3');
      if (moved !== undefined) await store.write([moved.mutation]);
    }
    return await complete(seen, columns);
  };
  await trial.take(organisation(2, 'ACME'), site(3, 'Main'));
  const columns = await trial.columns('device', T, '7');
  expect(columns).toEqual({ hostname: 'pc', device_key: 'key', site_id: '3' });
});

function permutations(all: readonly (readonly Change[])[]): (readonly Change[])[][] {
  if (all.length === 0) return [[]];
  return all.flatMap((one, at) =>
    permutations([...all.slice(0, at), ...all.slice(at + 1)]).map((rest) => [one, ...rest]),
  );
}
