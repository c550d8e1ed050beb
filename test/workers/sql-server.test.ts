import { describe, expect, test } from 'vitest';
import { toSourceRecord } from '../../src/shared/captured-record.ts';
import type { CapturedRecord } from '../../src/shared/record.ts';
import { positionOf } from '../../src/workers/debezium-envelope.ts';
import { createDecoder } from '../../src/workers/decode.ts';
import { captured, NOW, newTrial } from './record-builder.ts';

/** Debezium's SQL Server connector: a table that is known, as that connector would send it. */

const SQLSERVER = {
  connector: 'sqlserver',
  name: 'tactical',
  ts_ms: NOW,
  snapshot: 'false',
  db: 'rmm',
  schema: 'dbo',
  table: 'clients_site',
  change_lsn: '00000027:00000ac0:0002',
  commit_lsn: '00000027:00000ac0:0007',
  event_serial_no: 2,
};
const SNAPSHOT = { ...SQLSERVER, snapshot: 'true', change_lsn: null, event_serial_no: null };
const SITE = { id: 3, name: 'Main', client_id: 2, created_time: null, modified_time: null };

/** `times` replaces columns of the row by JSON text: numbers that JavaScript cannot write. */
function record(source: object, op: string, times: Readonly<Record<string, string>> = {}): CapturedRecord {
  const after = op === 'd' ? null : SITE;
  let value = JSON.stringify({ before: null, after, source, op, ts_ms: NOW, transaction: null });
  for (const [column, text] of Object.entries(times))
    value = value.replace(`"${column}":null`, `"${column}":${text}`);
  return captured({ topic: 'tactical.rmm.dbo.clients_site', value });
}

describe('a record of SQL Server', () => {
  test('is ordered by its LSNs and its number among the events that share them', () => {
    expect(newTrial().mutation(record(SQLSERVER, 'u'))).toMatchObject({
      id: '3',
      version: '0000-0000002700000ac00007-0000002700000ac00002-00000002-1',
      columns: { name: 'Main' },
    });
    // Of an update of a unique column: the delete and the insert differ in that number alone.
    const halves = ['d', 'c'].map((op, index) =>
      newTrial().mutation(record({ ...SQLSERVER, event_serial_no: index + 1 }, op)),
    );
    expect(halves.map(({ deleted }) => deleted)).toEqual([true, false]);
    const [before = '', after = ''] = halves.map(({ version }) => version);
    expect(before < after).toBe(true);
  });

  test('of a snapshot is ordered by the commit that the snapshot saw', () => {
    expect(newTrial().mutation(record(SNAPSHOT, 'r')).version).toBe(
      '0000-0000002700000ac00007-00000000000000000000-00000000-0',
    );
  });

  test.each([
    ['no commit', { commit_lsn: null }],
    ['a streamed change without its LSN', { change_lsn: null }],
    ['a number for an LSN', { commit_lsn: 39 }],
    ['an LSN of another form', { change_lsn: '0x00000027' }],
    ['a negative serial number', { event_serial_no: -1 }],
  ])('is refused with %s', (_, fields) => {
    const decoded = newTrial().decode(record({ ...SQLSERVER, ...fields }, 'u'));
    expect(decoded).toMatchObject({ kind: 'reject', code: 'missing_version' });
  });

  test('tells its position as text', () => {
    expect(positionOf(SQLSERVER)).toBe('00000027:00000ac0:0007/00000027:00000ac0:0002/2');
    expect(positionOf(SNAPSHOT)).toBe('00000027:00000ac0:0007');
  });

  test.each([
    ['datetime, milliseconds', '1788343247517', '2026-09-02T10:00:47.517Z'],
    ['datetime2(6), microseconds', '1788343247514999', '2026-09-02T10:00:47.514Z'],
    // As a double it is …247513999872.
    ['datetime2(7), nanoseconds', '1788343247514000000', '2026-09-02T10:00:47.514Z'],
    ['datetime2(7), the last of a millisecond', '1788343247514999900', '2026-09-02T10:00:47.514Z'],
    ['datetimeoffset, text', '"2026-09-02T13:00:47.5149999+03:00"', '2026-09-02T10:00:47.514Z'],
  ])('has times of %s', (_, json, expected) => {
    const { columns } = newTrial().mutation(record(SQLSERVER, 'u', { created_time: json }));
    expect(new Date(Number(columns.created_at)).toISOString()).toBe(expected);
  });

  test('is read alike with its schema around it', () => {
    const plain = record(SQLSERVER, 'u');
    const wrapped = { ...plain, value: `{"schema":{"type":"struct","fields":[]},"payload":${plain.value}}` };
    const source = { name: 'tactical-mssql-cdc', tool: 'tactical-rmm', topicPrefix: 'tactical' } as const;
    const decoder = createDecoder({ sources: [{ ...source, epoch: 3 }], now: () => NOW });
    expect(decoder.decode(toSourceRecord(wrapped))).toEqual(decoder.decode(toSourceRecord(plain)));
  });
});
