import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { captured, MAIN_CAPTURES } from '../workers/captures.ts';
import { Listener, Trial, until } from './trial.ts';

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
    // A record a poll, so that the stop comes in the middle.
    const slow = {
      ...config,
      kafka: { ...config.kafka, consumer: { ...config.kafka.consumer, batchRecords: 1 } },
    };
    const first = new Listener();
    const pipeline = await trial.start(slow, first);
    await until('some records are acknowledged', () => first.acknowledged > 0);
    expect(await pipeline.stop()).toBe(0);
    expect(first.acknowledged).toBeLessThan(whole.acknowledged);
    const second = await trial.run(config);
    expect(first.acknowledged + second.acknowledged).toBe(whole.acknowledged);
    await trial.expectTruth(config);
    for (const [topic, count] of Object.entries(whole.produced)) {
      const produced = (first.produced[topic] ?? 0) + (second.produced[topic] ?? 0);
      expect([topic, produced >= count]).toEqual([topic, true]);
    }
  });
});
