import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Config } from '../../src/main/config.ts';
import type { CapturedRecord } from '../../src/shared/record.ts';
import { captured, MAIN_CAPTURES } from '../workers/captures.ts';
import { shuffled } from './shuffled.ts';
import { Listener, Trial, until } from './trial.ts';

let records: CapturedRecord[] = [];
beforeAll(async () => {
  records = (await Promise.all(MAIN_CAPTURES.map((name) => captured(name)))).flat();
});

type AllRows = Awaited<ReturnType<Trial['allRows']>>;

/** What one reading of the whole run tells, and the rows that it ends in. */
let whole: Listener;
let once: AllRows;

/** All rows. A link has no record of its own at the source: its time is that of whichever change made it. */
async function rowsOf(trial: Trial, config: Config): Promise<AllRows> {
  const { device_link: links = [], ...rows } = await trial.allRows(config);
  return { ...rows, device_link: links.map(([key, row]) => [key, { ...row, source_ts: undefined }]) };
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
    whole = await trial.run(config);
    expect(whole.deadLetters).toEqual([]);
    expect(whole.outcomes.written).toBeGreaterThan(300);
    expect(whole.produced['device-analytics']).toBeGreaterThan(200);
    once = await rowsOf(trial, config);
    await trial.expectTruth(config);
    const again = { ...config, kafka: { ...config.kafka, groupId: 'reads-again' } };
    const second = await trial.run(again);
    expect(second.acknowledged).toBe(whole.acknowledged);
    // A truncate is applied anew, to no effect.
    expect(second.outcomes.written).toBe(1);
    expect(await rowsOf(trial, config)).toEqual(once);
  });

  test('gives the same rows, links and events when the process is stopped half-way and starts again', async () => {
    // A record a poll and little in hand, so that the stop comes in the middle.
    const config = trial.config({
      'kafka.consumer.batchRecords': '1',
      'pipeline.pauseAboveBytes': '65536',
      'pipeline.resumeBelowBytes': '32768',
      'pipeline.ackIntervalMs': '1',
    });
    const first = new Listener();
    const pipeline = await trial.start(config, first);
    await until('half of the records are acknowledged', () => first.acknowledged > whole.acknowledged / 2);
    expect(await pipeline.stop()).toEqual({ records: 0, hangs: false });
    await pipeline.ended();
    expect(first.acknowledged).toBeLessThan(whole.acknowledged);
    const second = await trial.run(config);
    expect(first.acknowledged + second.acknowledged).toBe(whole.acknowledged);
    await trial.expectTruth(config);
    expect(await rowsOf(trial, config)).toEqual(once);
  });
});

describe('the captured run with its topics interleaved and records sent again', () => {
  test.each([1, 2, 3])('gives the same rows, links and events, seed %i', async (seed) => {
    const trial = await Trial.open();
    try {
      await trial.feed(shuffled(records, seed));
      const config = trial.config();
      await trial.run(config);
      await trial.expectTruth(config);
      expect(await rowsOf(trial, config)).toEqual(once);
    } finally {
      await trial.close();
    }
  });
});
