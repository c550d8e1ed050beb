import { describe, expect, test } from 'vitest';
import { deadLetterRecord } from '../../src/main/dead-letter.ts';
import { PartitionState } from '../../src/main/partitions.ts';
import type { DeadLetter } from '../../src/shared/outcome.ts';
import { collected, type GivenRecord, letterOf, NAMES } from './batches.ts';

function built(record: Partial<GivenRecord>, letter: Partial<DeadLetter> = {}) {
  const state = new PartitionState('tactical.public.agents_agent', 0, 7, 1);
  const { batch } = collected([
    { state, offset: 1 },
    { state, offset: 42, ...record },
  ]);
  return deadLetterRecord(batch.frame, letterOf(1, letter), NAMES, 3);
}

const text = (headers: { [name: string]: Buffer | null }[]) =>
  headers.flatMap((header) => Object.entries(header).map(([name, value]) => [name, value?.toString()]));

describe('a dead letter', () => {
  test('keeps key, value and timestamp byte for byte, on its own partition', () => {
    const key = Buffer.from([0xff, 0x00, 0xfe]);
    const value = Buffer.from([0x80, 0x81, 0x00]);
    const letter = built({ key, value });
    expect(letter).toMatchObject({
      topic: 'tactical.public.agents_agent.DLQ',
      partition: 7,
      timestamp: 1042,
    });
    expect(letter.key?.equals(key)).toBe(true);
    expect(letter.value?.equals(value)).toBe(true);
  });

  test('tells null from empty', () => {
    const [none, empty] = [
      built({ key: null, value: null }),
      built({ key: Buffer.alloc(0), value: Buffer.alloc(0) }),
    ];
    expect([none.key, none.value]).toEqual([null, null]);
    expect([empty.key?.length, empty.value?.length]).toEqual([0, 0]);
  });

  test('says what happened in the headers that Kafka Connect writes, and in ours', () => {
    const letter = built(
      {},
      {
        code: 'store_rejected',
        stage: 'TASK_PUT',
        errorClass: 'DestinationError',
        attempts: 2,
        stack: 'at x',
      },
    );
    expect(text(letter.headers)).toEqual([
      ['__connect.errors.topic', 'tactical.public.agents_agent'],
      ['__connect.errors.partition', '7'],
      ['__connect.errors.offset', '42'],
      ['__connect.errors.connector.name', 'tactical-postgres-cdc'],
      ['__connect.errors.task.id', '3'],
      ['__connect.errors.stage', 'TASK_PUT'],
      ['__connect.errors.class.name', 'openframe-stream'],
      ['__connect.errors.exception.class.name', 'DestinationError'],
      ['__connect.errors.exception.message', 'value is not JSON'],
      ['__connect.errors.exception.stacktrace', 'at x'],
      ['openframe.dlq.code', 'store_rejected'],
      ['openframe.dlq.attempts', '2'],
      ['openframe.dlq.first-failed-at', '2026-09-02T12:00:00.000Z'],
    ]);
  });

  test('keeps the record’s headers in front, duplicates and bytes included', () => {
    const raw = Buffer.from([0xff, 0x01]);
    const letter = built({
      headers: [{ h: 'a' }, { h: raw }, { none: null }, { '__debezium.newkey': '{"id":2}' }],
    });
    expect(letter.headers.slice(0, 4)).toEqual([
      { h: Buffer.from('a') },
      { h: raw },
      { none: null },
      { '__debezium.newkey': Buffer.from('{"id":2}') },
    ]);
    expect(letter.headers).toHaveLength(17);
  });

  test('of a replayed dead letter carries the newest failure only, and keeps where it came from', () => {
    const letter = built({
      headers: [
        { 'openframe.dlq.code': 'retries_exhausted' },
        { '__connect.errors.offset': '1' },
        { 'openframe.replay.offset': '1' },
      ],
    });
    const headers = text(letter.headers);
    expect(headers.filter(([name]) => name === 'openframe.dlq.code')).toEqual([
      ['openframe.dlq.code', 'invalid_json'],
    ]);
    expect(headers.filter(([name]) => name === '__connect.errors.offset')).toEqual([
      ['__connect.errors.offset', '42'],
    ]);
    expect(headers[0]).toEqual(['openframe.replay.offset', '1']);
  });

  test('trims a long stack', () => {
    const stack = text(built({}, { stack: 'x'.repeat(100_000) }).headers).find(([name]) =>
      name?.endsWith('stacktrace'),
    );
    expect(stack?.[1]).toHaveLength(4096);
  });
});
