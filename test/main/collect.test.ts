import { describe, expect, test } from 'vitest';
import { failureName } from '../../src/main/collect.ts';
import { PartitionState } from '../../src/main/partitions.ts';
import type { OutgoingRecord } from '../../src/main/produce.ts';
import { collected, letterOf } from './batches.ts';
import { failureOf } from './fake-producer.ts';

const state = new PartitionState('tactical.public.agents_agent', 0, 2, 1);
const shown = (records: Iterable<OutgoingRecord>) =>
  [...records].map(({ topic, partition, key }) => `${topic} ${partition} ${key?.toString()}`);

const failures = (...records: readonly [OutgoingRecord, boolean][]) =>
  new Map(
    records.map(([record, permanent]) => {
      const failure = failureOf(record, permanent);
      return [failureName(failure), failure];
    }),
  );

describe('a batch that its worker is done with', () => {
  test('produces dead letters to their own partitions and everything else by key', () => {
    const batch = collected(
      [
        { state, offset: 1 },
        { state, offset: 2 },
        { state, offset: 3, analytics: [] },
      ],
      [letterOf(2)],
    );
    expect(shown(batch.outgoing())).toEqual([
      'tactical.public.agents_agent.DLQ 2 k3',
      'device-analytics null tool:1',
      'device-analytics null tool:2',
    ]);
  });

  test('produces no analytics of a record that went to the dead letters', () => {
    const batch = collected(
      [
        { state, offset: 1, analytics: ['device', 'site'] },
        { state, offset: 2 },
      ],
      [letterOf(0)],
    );
    expect(shown(batch.outgoing())).toEqual([
      'tactical.public.agents_agent.DLQ 2 k1',
      'device-analytics null tool:2',
    ]);
  });

  test('reads its analytics from the larger buffer when they outgrew the slot', () => {
    expect(shown(collected([{ state, offset: 1 }], [], { overflow: true }).outgoing())).toEqual([
      'device-analytics null tool:1',
    ]);
  });

  test('produces again only what failed for a time', () => {
    const batch = collected(
      [
        { state, offset: 1 },
        { state, offset: 2 },
        { state, offset: 3 },
      ],
      [letterOf(2)],
    );
    const [letter, , second] = [...batch.outgoing()];
    if (letter === undefined || second === undefined) throw new Error('too few records');
    expect(shown(batch.afterFailures(failures([letter, false], [second, false])))).toEqual([
      'tactical.public.agents_agent.DLQ 2 k3',
      'device-analytics null tool:2',
    ]);
    expect(batch.afterFailures(new Map())).toEqual([]);
  });

  test('parks the source record of what is refused for good, once', () => {
    const batch = collected([
      { state, offset: 1, analytics: ['device', 'site'] },
      { state, offset: 2 },
    ]);
    const [device, site] = [...batch.outgoing()];
    if (device === undefined || site === undefined) throw new Error('too few records');
    const again = batch.afterFailures(failures([device, true], [site, true]));
    expect(shown(again)).toEqual(['tactical.public.agents_agent.DLQ 2 k1']);
    expect(
      again[0]?.headers?.find((header) => 'openframe.dlq.code' in header)?.['openframe.dlq.code']?.toString(),
    ).toBe('produce_rejected');
    expect(batch.afterFailures(failures([device, true]))).toEqual([]);
  });
});
