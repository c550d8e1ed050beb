import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Config } from '../../src/main/config.ts';
import { storeSettings } from '../../src/main/config.ts';
import type { CapturedRecord } from '../../src/shared/record.ts';
import { openStore } from '../../src/workers/stores/open-store.ts';
import { agentRecord, POSTGRES, SITE, siteRecord } from '../workers/record-builder.ts';
import { exited, Trial, until } from './trial.ts';

const TOPICS = [
  'tactical.public.agents_agent',
  'tactical.public.clients_site',
  'tactical.public.clients_client',
];
const SITES = 3;

let lsn = 5000;
function next(table: string): object {
  lsn += 8;
  return { ...POSTGRES, table, lsn };
}

const device = (id: number): CapturedRecord =>
  agentRecord(
    { id, agent_id: `agent-${id}`, hostname: `PC-${id}`, site_id: (id % SITES) + 1 },
    { key: `{"id":${id}}`, partition: id % 4 },
  );
const site = (id: number, name: string): CapturedRecord =>
  siteRecord(
    { after: { ...SITE, id, name, client_id: 1 }, source: next('clients_site') },
    { key: `{"id":${id}}`, partition: id % 4 },
  );
const client = (name: string): CapturedRecord =>
  siteRecord(
    { after: { id: 1, name }, source: next('clients_client') },
    { key: '{"id":1}', topic: 'tactical.public.clients_client' },
  );

type Shown = Readonly<Record<string, unknown>>;

/** What Pinot shows of the devices after its upsert: the greatest version of each key, whichever came last of equal ones. */
async function analyticsOf(trial: Trial): Promise<Map<string, Shown>> {
  const shown = new Map<string, Shown>();
  for (const { key, value } of await trial.broker.read('device-analytics')) {
    const row = JSON.parse(value ?? '{}') as Shown;
    const known = shown.get(key ?? '');
    if (known === undefined || String(known.version) <= String(row.version)) shown.set(key ?? '', row);
  }
  return shown;
}

/** Store and analytics show of every device what `expected` says. */
async function expectPlaces(
  trial: Trial,
  config: Config,
  devices: number,
  expected: (siteId: string) => Shown,
): Promise<void> {
  const [rows, analytics] = [await trial.rows(config, 'device'), await analyticsOf(trial)];
  for (const shown of [rows, analytics]) {
    const wrong = [...shown.values()].filter((row) => {
      const place = expected(String(row.site_id));
      return Object.entries(place).some(([column, value]) => row[column] !== value);
    });
    expect({ devices: shown.size, wrong: wrong.slice(0, 3) }).toEqual({ devices, wrong: [] });
  }
}

describe('devices that were taken in before their sites and organisations', () => {
  let trial: Trial;
  let config: Config;
  beforeAll(async () => {
    trial = await Trial.open();
    config = trial.config();
  });
  afterAll(() => trial.close());

  test('are completed by a later process, and named anew by the one after that', async () => {
    const devices = 40;
    await trial.makeTopics(TOPICS.map((topic) => siteRecord({}, { topic })));
    await trial.feed(Array.from({ length: devices }, (_, id) => device(id + 1)));
    await trial.run(config);
    await expectPlaces(trial, config, devices, () => ({
      site_name: undefined,
      organisation_name: undefined,
    }));
    const before = await analyticsOf(trial);
    await trial.feed([site(1, 'S1'), site(2, 'S2'), site(3, 'S3')]);
    await trial.run(config);
    await trial.feed([client('ACME')]);
    await trial.run(config);
    const complete = (id: string) => ({
      site_name: `S${id}`,
      organisation_id: '1',
      organisation_name: 'ACME',
    });
    await expectPlaces(trial, config, devices, complete);
    const after = await analyticsOf(trial);
    for (const [key, row] of before) expect(String(after.get(key)?.version) > String(row.version)).toBe(true);
    await trial.feed([client('ACME Ltd'), site(2, 'Lab')]);
    await trial.run(config);
    await expectPlaces(trial, config, devices, (id) => ({
      site_name: id === '2' ? 'Lab' : `S${id}`,
      organisation_name: 'ACME Ltd',
    }));
  });
});

describe('a renamed organisation', () => {
  let trial: Trial;
  beforeAll(async () => {
    trial = await Trial.open();
  });
  afterAll(() => trial.close());

  test('reaches every row and analytics though the process is killed on the way', async () => {
    const devices = 6000;
    const config = trial.config();
    await trial.makeTopics(TOPICS.map((topic) => siteRecord({}, { topic })));
    await trial.feed([client('ACME'), site(1, 'S1'), site(2, 'S2'), site(3, 'S3')]);
    await trial.feed(Array.from({ length: devices }, (_, id) => device(id + 1)));
    await trial.run(config);
    await trial.feed([client('ACME Ltd')]);
    const killed = trial.command(config, ['run']);
    const renamed = async () => (await named(config, 'ACME Ltd')) > 0;
    await until('some devices have the new name', renamed);
    killed.kill('SIGKILL');
    await exited(killed);
    const done = await named(config, 'ACME Ltd');
    expect(done).toBeLessThan(devices);
    await trial.run(config);
    await expectPlaces(trial, config, devices, () => ({ organisation_name: 'ACME Ltd' }));
  });
});

/** How many devices show an organisation's name. */
async function named(config: Config, name: string): Promise<number> {
  const store = await openStore(storeSettings(config));
  let count = 0;
  for await (const { columns } of store.scan('device')) if (columns.organisation_name === name) count += 1;
  await store.close();
  return count;
}
