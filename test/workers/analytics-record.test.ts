import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { printJson, transformRecord } from '../../src/cli/transform-record.ts';
import { AnalyticsFrameReader, AnalyticsFrameWriter } from '../../src/shared/analytics-frame.ts';
import { columnType } from '../../src/shared/entity.ts';
import type { Change } from '../../src/shared/mutation.ts';
import {
  analyticsKey,
  encodeAnalytics,
  encodeRow,
  type RowChange,
  writeChange,
} from '../../src/workers/analytics-record.ts';
import { rowVersion } from '../../src/workers/row-version.ts';
import type { Row } from '../../src/workers/stores/store.ts';
import { agentRecord, captured, meshRecord, NOW, newTrial } from './record-builder.ts';

const CHANGE: Change = {
  operation: 'update',
  mutation: {
    entity: 'device',
    tool: 'fleet-mdm',
    id: '7',
    facet: 'main',
    version: '0000-1',
    sourceTs: NOW,
    deleted: false,
    columns: {},
  },
};

const withColumns = (columns: Change['mutation']['columns']): Change => ({
  ...CHANGE,
  mutation: { ...CHANGE.mutation, columns },
});

describe('an analytics record', () => {
  test('is flat JSON on the topic of its entity, keyed by tool and id', () => {
    const columns = {
      hostname: 'PC "1"\n\u2028\ud83c',
      online: true,
      last_seen: NOW,
      disk_free_gb: '0.10',
      tags: ['a', 'b'],
      mac: null,
    };
    const record = encodeAnalytics(withColumns(columns), 5);
    expect(record).toMatchObject({ topic: 'device-analytics', key: 'fleet-mdm:7' });
    expect(JSON.parse(record?.value ?? '')).toEqual({
      tool: 'fleet-mdm',
      id: '7',
      op: 'update',
      source_ts: NOW,
      processed_at: 5,
      version: '0000-1',
      facet: 'main',
      deleted: false,
      ...columns,
      last_seen: '2026-09-02T12:00:00.000Z',
    });
  });

  test('holds integers beyond 2^53 as numbers, digit by digit', () => {
    const record = encodeAnalytics(withColumns({ memory_bytes: 9007199254740993n }), 5);
    expect(record?.value).toContain('"memory_bytes":9007199254740993}');
  });

  test('lets a row go with its main facet only', () => {
    const deletedOf = (facet: string): boolean => {
      const change: Change = { ...CHANGE, mutation: { ...CHANGE.mutation, facet, deleted: true } };
      return JSON.parse(encodeAnalytics(change, 5)?.value ?? '').deleted;
    };
    expect([deletedOf('main'), deletedOf('host_disks')]).toEqual([true, false]);
  });

  test('does not exist for an entity that is only a reference', () => {
    const role: Change = { ...CHANGE, mutation: { ...CHANGE.mutation, entity: 'role' } };
    expect(encodeAnalytics(role, 5)).toBe(null);
  });
});

/** The record as an object of its members in their order, shown by JSON.stringify. Integers beyond 2^53 it cannot show. */
function shownWhole({ mutation, operation }: Change, processedAt: number): string {
  const { tool, id, sourceTs, version, facet, deleted, entity } = mutation;
  const columns = Object.entries(mutation.columns).map(([name, value]) => {
    if (typeof value === 'bigint') return [name, `@${value}@`];
    const isTime = columnType(entity, name) === 'timestamp' && typeof value === 'number';
    return [name, isTime ? new Date(value) : value];
  });
  const head = {
    tool,
    id,
    op: operation,
    source_ts: sourceTs,
    processed_at: processedAt,
    version,
    facet,
    deleted,
  };
  const shown = JSON.stringify({ ...head, ...Object.fromEntries(columns) });
  return shown.replace(/"@(-?\d+)@"/g, '$1');
}

const anyText = fc.oneof(
  fc.string({ maxLength: 300 }).filter((text) => !text.includes('@')),
  fc
    .array(fc.oneof(fc.nat({ max: 0xff }), fc.integer({ min: 0xd800, max: 0xdfff }), fc.nat({ max: 0xffff })))
    .map((codes) => String.fromCharCode(...codes)),
);
const anyColumns = fc
  .record({
    hostname: fc.option(anyText),
    memory_bytes: fc.oneof(fc.bigInt(), fc.integer(), fc.constantFrom(0, -0, 2 ** 53, 1e21)),
    last_seen: fc.option(fc.integer({ min: 0, max: Date.UTC(2100, 0, 1) })),
    disk_free_gb: fc.double({ noNaN: true, noDefaultInfinity: true }),
    online: fc.boolean(),
    tags: fc.array(anyText),
    description: anyText,
  })
  .chain((columns) => fc.shuffledSubarray(Object.entries(columns)))
  .map((entries) => Object.fromEntries(entries));

describe('what is written into the frame', () => {
  test('is byte for byte the object that JSON.stringify would show', () => {
    const frame = new AnalyticsFrameWriter(new SharedArrayBuffer(64));
    const expected: [string, Buffer][] = [];
    fc.assert(
      fc.property(anyText, anyColumns, fc.boolean(), (id, columns, deleted) => {
        const mutation = { ...CHANGE.mutation, id, columns, deleted };
        frame.begin(0, 0, analyticsKey(mutation));
        writeChange(frame.json, mutation, 'update', 5);
        frame.end();
        const shown = shownWhole({ operation: 'update', mutation }, 5);
        expect(encodeAnalytics({ operation: 'update', mutation }, 5)?.value).toBe(shown);
        expected.push([`fleet-mdm:${id}`, Buffer.from(shown)]);
      }),
      { numRuns: 2000 },
    );
    const reader = new AnalyticsFrameReader(frame.finish());
    expect(reader.count).toBe(expected.length);
    for (const [index, [key, value]] of expected.entries()) {
      expect(reader.key(index).equals(Buffer.from(key))).toBe(true);
      expect(reader.value(index).equals(value)).toBe(true);
    }
  });
});

describe('an analytics record of a row', () => {
  const ROW: Row = {
    entity: 'device',
    tool: 'fleet-mdm',
    id: '7',
    deleted: false,
    versions: { main: '0000-2', host_seen_times: '0000-9', host_disks: '0000-1' },
    sourceTs: { main: NOW, host_seen_times: NOW + 1 },
    columns: { hostname: 'PC-1', last_seen: NOW, memory_bytes: 9007199254740993n },
  };
  const ABOUT: RowChange = { operation: 'update', facet: 'host_seen_times', sourceTs: NOW + 1 };

  test('holds the whole row and what its last change was about', () => {
    const record = encodeRow(ROW, ABOUT, 5);
    expect(record).toMatchObject({ topic: 'device-analytics', key: 'fleet-mdm:7' });
    expect(record?.value).toContain('"memory_bytes":9007199254740993');
    expect(JSON.parse(record?.value ?? '')).toMatchObject({
      tool: 'fleet-mdm',
      id: '7',
      op: 'update',
      facet: 'host_seen_times',
      source_ts: NOW + 1,
      processed_at: 5,
      deleted: false,
      hostname: 'PC-1',
      last_seen: '2026-09-02T12:00:00.000Z',
    });
  });

  test('has the version of the state of the row', () => {
    expect(JSON.parse(encodeRow(ROW, ABOUT, 5)?.value ?? '').version).toBe(rowVersion(ROW));
  });

  test('of a deleted row says that and nothing else', () => {
    const record = encodeRow({ ...ROW, deleted: true }, { ...ABOUT, operation: 'delete' }, 5);
    const said = JSON.parse(record?.value ?? '');
    expect(said).toMatchObject({ op: 'delete', deleted: true, source_ts: NOW + 1 });
    expect(Object.keys(said).sort()).toEqual(
      ['deleted', 'facet', 'id', 'op', 'processed_at', 'source_ts', 'tool', 'version'].sort(),
    );
  });

  test('does not exist while only facets of the row are known, nor for a reference', () => {
    expect(encodeRow({ ...ROW, versions: { host_disks: '0000-1' } }, ABOUT, 5)).toBe(null);
    expect(encodeRow({ ...ROW, entity: 'role' }, ABOUT, 5)).toBe(null);
  });
});

describe('a line of transform', () => {
  const decoder = newTrial().decoder;

  test('shows the mutation, its analytics record and where the record was', () => {
    const line = printJson(
      transformRecord(agentRecord({ total_ram: 2 ** 31 - 1, last_seen: '2026-09-02T10:00:00Z' }), decoder),
    );
    expect(line).toContain('"memory_bytes":2305843008139952128');
    expect(JSON.parse(line)).toMatchObject({
      topic: 'tactical.public.agents_agent',
      partition: 1,
      offset: 42,
      outcome: 'changed',
      mutations: [
        {
          entity: 'device',
          tool: 'tactical-rmm',
          id: '3',
          facet: 'main',
          operation: 'update',
          source_ts: '2026-09-02T12:00:00.000Z',
          deleted: false,
          columns: { hostname: 'PC-1', last_seen: '2026-09-02T10:00:00.000Z' },
        },
      ],
      analytics: [{ topic: 'device-analytics', key: 'tactical-rmm:3' }],
    });
  });

  test('says why there is none', () => {
    const skipped = transformRecord(meshRecord('node//a', null, 'u'), decoder);
    expect(skipped).toMatchObject({
      outcome: 'skipped',
      reason: 'gone_at_lookup',
      mutations: [],
      analytics: [],
    });
    const refused = transformRecord(captured({ value: '[' }), decoder);
    expect(refused).toMatchObject({ outcome: 'dead_lettered', reason: 'invalid_json' });
  });
});
