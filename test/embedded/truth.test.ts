import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { CapturedRecord } from '../../src/shared/record.ts';
import { captured, MAIN_CAPTURES } from '../workers/captures.ts';
import { seeded, Trial } from './trial.ts';

let records: CapturedRecord[] = [];
beforeAll(async () => {
  records = (await Promise.all(MAIN_CAPTURES.map((name) => captured(name)))).flat();
});

/** Records with their topics and partitions interleaved by chance, order within each partition kept, some of them sent again. */
function shuffled(seed: number): CapturedRecord[] {
  const random = seeded(seed);
  const queues = new Map<string, CapturedRecord[]>();
  for (const record of records) {
    const name = `${record.topic}/${record.partition}`;
    const queue = queues.get(name);
    if (queue === undefined) queues.set(name, [record]);
    else queue.push(record);
  }
  const open = [...queues.values()].map((queue) => ({ queue, next: 0 }));
  const result: CapturedRecord[] = [];
  while (open.length > 0) {
    const index = Math.floor(random() * open.length);
    const lane = open[index];
    if (lane === undefined) break;
    // A connector that starts again sends what it had not noted yet.
    const back = isVersionedByOffset(lane.queue[0]) || random() > 0.05 ? 0 : Math.floor(random() * 5);
    lane.next = Math.max(0, lane.next - back);
    const record = lane.queue[lane.next];
    lane.next += 1;
    if (record === undefined) open.splice(index, 1);
    else result.push(record);
  }
  return result;
}

/** MongoDB's records are ordered by their offset: one that is sent again is a newer one to whoever reads it. */
function isVersionedByOffset(record: CapturedRecord | undefined): boolean {
  return record?.topic.startsWith('meshcentral.') === true;
}

describe('the captured run', () => {
  let trial: Trial;
  beforeAll(async () => {
    trial = await Trial.open();
    await trial.feed(records);
  });
  afterAll(() => trial.close());

  test('gives every row as its source ended, the same when it is read twice', async () => {
    const config = trial.config();
    const first = await trial.run(config);
    expect(first.deadLetters).toEqual(first.deadLetters.filter((code) => code === 'unsupported_truncate'));
    expect(first.outcomes.written).toBeGreaterThan(300);
    expect(first.produced['device-analytics']).toBeGreaterThan(200);
    await trial.expectTruth(config);
    const rows = await trial.allRows(config);
    const again = { ...config, kafka: { ...config.kafka, groupId: 'reads-again' } };
    const second = await trial.run(again);
    expect(second.acknowledged).toBe(first.acknowledged);
    expect(second.outcomes.written).toBeUndefined();
    await trial.expectTruth(config);
    expect(Object.keys(rows)).toEqual(Object.keys(await trial.allRows(config)));
  });
});

describe('the captured run with its topics interleaved and records sent again', () => {
  test.each([1, 2, 3])('gives the same rows, seed %i', async (seed) => {
    const trial = await Trial.open();
    try {
      await trial.feed(shuffled(seed));
      const config = trial.config();
      await trial.run(config);
      await trial.expectTruth(config);
    } finally {
      await trial.close();
    }
  });
});
