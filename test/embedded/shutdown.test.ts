import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ENTITIES } from '../../src/shared/entity.ts';
import type { CapturedRecord } from '../../src/shared/record.ts';
import { captured, MAIN_CAPTURES } from '../workers/captures.ts';
import { Listener, Trial, until } from './trial.ts';
import { type UpsertedRow, upserted } from './upserted.ts';

const TOPICS = Object.values(ENTITIES).flatMap(({ analyticsTopic }) => analyticsTopic ?? []);

/** What has been produced to analytics so far. */
async function told(trial: Trial): Promise<CapturedRecord[]> {
  return (await Promise.all(TOPICS.map((topic) => trial.broker.read(topic)))).flat();
}

/** The rows that Pinot would show. By which of its changes and how often a row was told of depends on when its references came. */
function shown(records: readonly CapturedRecord[]): Record<string, unknown[]> {
  return Object.fromEntries(
    TOPICS.map((topic) => [
      topic,
      [...upserted(records.filter((record) => record.topic === topic))]
        .map(([key, row]): [string, unknown] => [key, columnsOf(row)])
        .sort(),
    ]),
  );
}

const OF_THE_CHANGE: readonly string[] = ['version', 'op', 'facet', 'source_ts', 'processed_at'];

function columnsOf(row: UpsertedRow): UpsertedRow {
  return Object.fromEntries(Object.entries(row).filter(([name]) => !OF_THE_CHANGE.includes(name)));
}

describe('a run', () => {
  let trial: Trial;
  beforeAll(async () => {
    trial = await Trial.open();
    await trial.feed((await Promise.all(MAIN_CAPTURES.map((name) => captured(name)))).flat());
  });
  afterAll(() => trial.close());

  test('that is stopped while records flow commits what it acknowledged, and the next one goes on behind it', async () => {
    const config = trial.config();
    const whole = await trial.run(trial.config());
    const before = await told(trial);
    const places = new Set(before.map(({ topic, partition, offset }) => `${topic} ${partition} ${offset}`));
    // A record a poll, so that the stop comes in the middle.
    const slow = {
      ...config,
      kafka: { ...config.kafka, consumer: { ...config.kafka.consumer, batchRecords: 1 } },
    };
    const first = new Listener();
    const pipeline = await trial.start(slow, first);
    await until('some records are acknowledged', () => first.acknowledged > 0);
    expect(await pipeline.stop()).toEqual({ records: 0, hangs: false });
    expect(first.acknowledged).toBeLessThan(whole.acknowledged);
    const second = await trial.run(config);
    expect(first.acknowledged + second.acknowledged).toBe(whole.acknowledged);
    await trial.expectTruth(config);
    const since = (await told(trial)).filter(
      ({ topic, partition, offset }) => !places.has(`${topic} ${partition} ${offset}`),
    );
    expect(shown(since)).toEqual(shown(before));
  });
});
