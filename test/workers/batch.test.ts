import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { AnalyticsFrameReader } from '../../src/shared/analytics-frame.ts';
import { DestinationError } from '../../src/shared/errors.ts';
import type { CapturedRecord } from '../../src/shared/record.ts';
import { encodeHeaders, RecordFrameWriter } from '../../src/shared/record-frame.ts';
import { BucketLocks, createBoard, ReferenceEpochs } from '../../src/shared/shared-board.ts';
import type { BatchResult } from '../../src/shared/worker-protocol.ts';
import { BatchRun, type BatchStages } from '../../src/workers/batch.ts';
import { createDecoder } from '../../src/workers/decode.ts';
import { Enricher } from '../../src/workers/enrich.ts';
import { KeyMoves } from '../../src/workers/key-move.ts';
import { ReferenceCache } from '../../src/workers/reference-cache.ts';
import { EmbeddedStore } from '../../src/workers/stores/embedded-store.ts';
import type { Store } from '../../src/workers/stores/store.ts';
import { Writer } from '../../src/workers/write.ts';
import { SOURCES } from './captures.ts';
import { FakeStore } from './fake-store.ts';
import { agentRecord, captured, fleetRecord, NOW, POSTGRES, SITE, siteRecord } from './record-builder.ts';

type Given = Omit<CapturedRecord, 'value' | 'key'> & {
  readonly key: string | Uint8Array | null;
  readonly value: string | Uint8Array | null;
};

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

const patiently = <T>(read: () => Promise<T>): Promise<T> => read();

function stagesOver(target: Store, topics: readonly string[]): BatchStages {
  const board = createBoard(1);
  const writer = new Writer(target, WRITE, new BucketLocks(board), {
    retried: () => undefined,
    wrote: () => undefined,
    circuitChanged: () => undefined,
    now: Date.now,
  });
  const cache = new ReferenceCache(
    { cacheBytes: 1 << 20, ttlMs: 1000, negativeTtlMs: 1000 },
    new ReferenceEpochs(board),
  );
  return {
    decoder: createDecoder({ sources: SOURCES, now: () => NOW }),
    enricher: new Enricher(cache, target, patiently),
    moves: new KeyMoves(target, (mutation) => writer.settled(mutation), patiently),
    writer,
    topicOf: (id) => topics[id] ?? '',
    now: () => NOW,
    takeCounters: () => ({}),
  };
}

interface Outcome extends BatchResult {
  /** Records that made an analytics record. */
  readonly analytics: number[];
}

/** Runs records through one batch, each with a version of its own. */
async function run(records: readonly Given[], target: Store = store): Promise<Outcome> {
  const topics = [...new Set(records.map(({ topic }) => topic))];
  const slot = { records: new SharedArrayBuffer(24 << 20), analytics: new SharedArrayBuffer(65_536) };
  const frame = new RecordFrameWriter(slot.records);
  for (const { topic, partition, offset, timestamp, key, value, headers } of records) {
    const bytes = (text: string | Uint8Array | null) => (typeof text === 'string' ? Buffer.from(text) : text);
    const raw = encodeHeaders(headers.map(([name, text]) => ({ [name]: text })));
    frame.append(topics.indexOf(topic), partition, offset, timestamp, bytes(key), bytes(value), raw);
  }
  const batch = new BatchRun(stagesOver(target, topics), slot, slot.records);
  await batch.prepare();
  const result = await batch.finish();
  const reader = new AnalyticsFrameReader(result.overflow ?? slot.analytics);
  return {
    ...result,
    analytics: Array.from({ length: reader.count }, (_, index) => reader.recordIndex(index)),
  };
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
