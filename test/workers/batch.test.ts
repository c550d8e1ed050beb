import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { DestinationError } from '../../src/shared/errors.ts';
import type { CapturedRecord } from '../../src/shared/record.ts';
import type { BatchResult } from '../../src/shared/worker-protocol.ts';
import { EmbeddedStore } from '../../src/workers/stores/embedded-store.ts';
import type { Store } from '../../src/workers/stores/store.ts';
import { FakeStore } from './fake-store.ts';
import { agentRecord, captured, fleetRecord, POSTGRES, SITE, siteRecord } from './record-builder.ts';
import { type GivenRecord as Given, newWorker } from './stages.ts';

let folder = '';
let store: EmbeddedStore;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'openframe-batch-'));
});
let stores = 0;
beforeEach(() => {
  stores += 1;
  store = new EmbeddedStore({
    kind: 'embedded',
    path: join(folder, String(stores)),
    buckets: 4,
    deletedKeepSeconds: 1e6,
    historyKeepSeconds: 1e6,
  });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

interface Outcome extends BatchResult {
  /** Records that made an analytics record. */
  readonly analytics: number[];
}

/** Runs records through one batch of a worker of its own, each with a version of its own. */
async function run(records: readonly Given[], target: Store = store): Promise<Outcome> {
  const result = await newWorker(target).run(records);
  return { ...result, analytics: result.analytics.map(({ record }) => record) };
}

let lsn = 1000;
const site = (id: number, after: object = {}, fields: Partial<CapturedRecord> = {}): CapturedRecord => {
  lsn += 8;
  return siteRecord(
    { after: { ...SITE, id, ...after }, source: { ...POSTGRES, lsn } },
    { key: `{"id":${id}}`, ...fields },
  );
};
const names = async (...ids: string[]) => {
  const rows = await store.read('site', 'tactical-rmm', ids);
  return ids.map((id) => rows.get(id)?.columns.name);
};

describe('a bad record between good ones goes to the dead letters alone', () => {
  const deep = `${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}`;
  const cases: [string, string, Partial<Given> | (() => Given)][] = [
    ['invalid JSON', 'invalid_json', { value: '{"op":x}' }],
    ['truncated JSON', 'invalid_json', { value: '{"op":"c","after":{"id":' }],
    ['a JSON array', 'not_an_envelope', { value: '[{"op":"c"}]' }],
    ['an empty value', 'invalid_json', { value: '' }],
    ['an envelope without op', 'not_an_envelope', () => siteRecord({ op: undefined })],
    ['an unknown op', 'unknown_operation', () => siteRecord({ op: 'x' })],
    ['no key', 'missing_key', () => siteRecord({}, { key: null })],
    ['a key of another type', 'invalid_key', () => siteRecord({}, { key: '[3]' })],
    ['a value of another type', 'invalid_value', () => siteRecord({ after: { ...SITE, name: { a: 1 } } })],
    ['a value that is no UTF-8', 'invalid_utf8', { value: Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d]) }],
    ['a key that is no UTF-8', 'invalid_utf8', () => ({ ...siteRecord({}), key: Buffer.from([0xff, 0xfe]) })],
    ['JSON nested deeply', 'not_an_envelope', { value: deep }],
    [
      'an id longer than a store takes',
      'store_rejected',
      () => site(3, {}, { key: `{"id":"${'x'.repeat(4000)}"}` }),
    ],
  ];
  test.each(cases)('%s', async (_name, code, given) => {
    const bad: Given = typeof given === 'function' ? given() : captured(given as Partial<CapturedRecord>);
    const result = await run([site(1, { name: 'before' }), bad, site(2, { name: 'after' })]);
    expect(result.deadLetters.map(({ index, code: said }) => [index, said])).toEqual([[1, code]]);
    expect(result.outcomes).toEqual({ written: 2, [`dead_lettered:${code}`]: 1 });
    expect(await names('1', '2')).toEqual(['before', 'after']);
    expect(result.analytics.filter((index) => index !== 1)).toEqual([0, 2]);
  });
});

describe('a record that needs no work is skipped with its reason', () => {
  const cases: [string, string, Given][] = [
    ['a tombstone', 'tombstone', captured({ value: null })],
    [
      'an unknown table',
      'unmapped_table',
      siteRecord(
        { source: { ...POSTGRES, table: 'unknown_table' } },
        { topic: 'tactical.public.unknown_table' },
      ),
    ],
    [
      'a schema wrapper without payload',
      'tombstone',
      captured({ value: '{"schema":{"type":"struct"},"payload":null}' }),
    ],
    ['a heartbeat', 'heartbeat', captured({ topic: '__debezium-heartbeat.tactical', value: '{"ts_ms":1}' })],
    ['a logical message', 'logical_message', siteRecord({ op: 'm' })],
  ];
  test.each(cases)('%s', async (_name, reason, given) => {
    const result = await run([site(1), given, site(2)]);
    expect(result.deadLetters).toEqual([]);
    expect(result.outcomes).toEqual({ written: 2, [`skipped:${reason}`]: 1 });
  });
});

describe('a value at its limits is written', () => {
  test('U+2028 and a real U+FFFD', async () => {
    const name = 'a\u2028b\ufffd☕🧨';
    expect((await run([site(1), site(2, { name }), site(3)])).outcomes).toEqual({ written: 3 });
    expect(await names('2')).toEqual([name]);
  });

  test('a column of 10 MB, cut to what a column may hold', async () => {
    const result = await run([site(1), site(2, { name: 'x'.repeat(10_000_000) }), site(3)]);
    expect(result.outcomes).toEqual({ written: 3 });
    const [name] = await names('2');
    expect(String(name).length).toBeGreaterThan(10_000);
    expect(String(name).length).toBeLessThan(2_000_000);
    expect(result.analytics).toEqual([0, 1, 2]);
  });

  test('a huge column that nothing is mapped from', async () => {
    const huge = agentRecord({ services: 'x'.repeat(10_000_000) }, { key: '{"id":7}' });
    const result = await run([site(1), huge, fleetRecord('teams', { id: 1, name: 'T' })]);
    expect(result.outcomes).toEqual({ written: 3 });
  });
});

describe('a key move', () => {
  const move = (oldKey: string) => [
    {
      ...siteRecord({ op: 'd', before: SITE, after: null }),
      key: oldKey,
      headers: [['__debezium.newkey', '{"id":9}']] as const,
    },
    siteRecord(
      { op: 'c', after: { ...SITE, id: 9, name: '__debezium_unavailable_value' } },
      { key: '{"id":9}', headers: [['__debezium.oldkey', oldKey]] },
    ),
  ];

  test('whose key the store cannot take is a dead letter and does not stop the worker', async () => {
    const [left, arrived] = move(`{"id":"${'x'.repeat(4000)}"}`);
    if (left === undefined || arrived === undefined) throw new Error('no halves');
    const result = await run([site(1), arrived, left, site(2)]);
    expect(result.deadLetters.map(({ index, code }) => [index, code])).toEqual(
      expect.arrayContaining([[1, 'store_rejected']]),
    );
    expect(await names('1', '2')).toEqual(['Main', 'Main']);
  });

  test('that the store refuses to complete is a dead letter as well', async () => {
    const refusing = new FakeStore();
    refusing.takeMoved = () => Promise.reject(new DestinationError('permanent', 'refused'));
    const [, arrived] = move('{"id":1}');
    if (arrived === undefined) throw new Error('no half');
    const result = await run([site(1), arrived, site(2)], refusing);
    expect(result.deadLetters.map(({ index, code }) => [index, code])).toEqual([[1, 'store_rejected']]);
    expect(refusing.rows.size).toBe(2);
  });
});

describe('a batch', () => {
  test('tells what was stale and what came twice', async () => {
    const first = site(1, { name: 'new' });
    const result = await run([first]);
    expect(result.outcomes).toEqual({ written: 1 });
    const older = siteRecord({ after: SITE, source: { ...POSTGRES, lsn: 5 } }, { key: '{"id":1}' });
    expect((await run([first, older])).outcomes).toEqual({ duplicate: 1, stale: 1 });
    expect(await names('1')).toEqual(['new']);
  });

  test('gives a larger buffer when its analytics outgrow the slot', async () => {
    const result = await run(
      Array.from({ length: 100 }, (_, id) => site(id + 1, { name: 'n'.repeat(1000) })),
    );
    expect(result.overflow).toBeDefined();
    expect(result.analytics).toHaveLength(100);
  });
});
