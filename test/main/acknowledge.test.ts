import { describe, expect, test } from 'vitest';
import type { OutgoingRecord } from '../../src/main/produce.ts';
import { must } from '../../src/shared/assert.ts';
import { newState, newTrial, TOPIC } from './acknowledge-trial.ts';
import { letterOf } from './batches.ts';
import { type FakeProducer, failureOf, settleTurns } from './fake-producer.ts';

const record = (producer: FakeProducer, index: number): OutgoingRecord =>
  must(producer.produced[index], 'record');

describe('a failed report', () => {
  test('produces the record again and acknowledges nothing before that is confirmed', async () => {
    const { producer, acknowledger, commits, released, toBarrier, batchOf } = newTrial();
    const state = newState();
    acknowledger.add(
      batchOf([
        { state, offset: 1 },
        { state, offset: 2 },
      ]),
    );
    await toBarrier();
    await producer.answer([failureOf(record(producer, 1), false)]);
    expect([commits, released, state.frontier]).toEqual([[], [], null]);
    await toBarrier();
    expect(producer.produced.slice(2).map(({ key }) => key?.toString())).toEqual(['tool:2']);
    await producer.answer([failureOf(record(producer, 2), false)]);
    await toBarrier();
    expect(commits).toEqual([]);
    await producer.answer();
    expect([commits, released.length]).toEqual([['0:3'], 1]);
  });

  test('of a dead letter produces the dead letter again', async () => {
    const { producer, acknowledger, commits, toBarrier, batchOf } = newTrial();
    acknowledger.add(batchOf([{ state: newState(), offset: 7, analytics: [] }], [letterOf(0)]));
    await toBarrier();
    await producer.answer([failureOf(record(producer, 0), false)]);
    await toBarrier();
    expect(producer.produced.map(({ topic }) => topic)).toEqual([`${TOPIC}.DLQ`, `${TOPIC}.DLQ`]);
    expect(commits).toEqual([]);
    await producer.answer();
    expect(commits).toEqual(['0:8']);
  });

  test('that says it is for good parks the source record and none of its neighbours', async () => {
    const { producer, acknowledger, commits, toBarrier, batchOf } = newTrial();
    const state = newState(5);
    acknowledger.add(
      batchOf([
        { state, offset: 1 },
        { state, offset: 2 },
        { state, offset: 3 },
      ]),
    );
    await toBarrier();
    await producer.answer([failureOf(record(producer, 1), true)]);
    await toBarrier();
    const again = producer.produced.slice(3);
    expect(again.map(({ topic, partition, key }) => [topic, partition, key?.toString()])).toEqual([
      [`${TOPIC}.DLQ`, 5, 'k2'],
    ]);
    expect(commits).toEqual([]);
    await producer.answer();
    expect(commits).toEqual(['5:4']);
  });

  test('of a dead letter that is for good is tried again with pauses: it is nowhere else', async () => {
    const { producer, acknowledger, commits, logs, toBarrier, batchOf } = newTrial();
    acknowledger.add(batchOf([{ state: newState(), offset: 7, analytics: [] }], [letterOf(0)]));
    const times: number[] = [];
    for (let attempt = 0; attempt < 5; attempt += 1) {
      await toBarrier();
      times.push(performance.now());
      await producer.answer([failureOf(record(producer, attempt), true)]);
    }
    expect(commits).toEqual([]);
    expect(logs).toHaveLength(5);
    expect(must(times[4], 'time') - must(times[0], 'time')).toBeGreaterThan(14);
    await toBarrier();
    await producer.answer();
    expect(commits).toEqual(['0:8']);
  });
});

describe('a batch', () => {
  test('is acknowledged, committed and released behind the barrier and not before', async () => {
    const { producer, acknowledger, commits, released, toBarrier, batchOf } = newTrial();
    const state = newState();
    acknowledger.add(
      batchOf([
        { state, offset: 10 },
        { state, offset: 12 },
      ]),
    );
    await toBarrier();
    expect([producer.produced.length, commits, released, state.frontier]).toEqual([2, [], [], null]);
    await producer.answer();
    expect([commits, released.length, state.frontier]).toEqual([['0:13'], 1, 13]);
    expect(acknowledger.pending).toBe(0);
  });

  test('that ends during a barrier waits for the next one', async () => {
    const { producer, acknowledger, commits, toBarrier, batchOf } = newTrial();
    const state = newState();
    acknowledger.add(batchOf([{ state, offset: 1 }]));
    await toBarrier();
    acknowledger.add(batchOf([{ state, offset: 2 }]));
    await settleTurns();
    expect(producer.produced).toHaveLength(1);
    await producer.answer();
    expect(commits).toEqual(['0:2']);
    await toBarrier();
    expect(producer.produced).toHaveLength(2);
    await producer.answer();
    expect(commits).toEqual(['0:2', '0:3']);
  });

  test('that ends before an earlier one of its partition is not committed until that one is', async () => {
    const { producer, acknowledger, commits, released, toBarrier, batchOf } = newTrial();
    const state = newState();
    const earlier = batchOf([{ state, offset: 1 }]);
    acknowledger.add(batchOf([{ state, offset: 2 }]));
    await toBarrier();
    await producer.answer();
    expect([commits, released.length]).toEqual([[], 1]);
    acknowledger.add(earlier);
    await toBarrier();
    await producer.answer();
    expect(commits).toEqual(['0:3']);
  });

  test('of a revoked partition is confirmed and released, and never committed', async () => {
    const { producer, acknowledger, commits, released, toBarrier, batchOf } = newTrial();
    const [gone, kept] = [newState(0), newState(1)];
    acknowledger.add(
      batchOf([
        { state: gone, offset: 1 },
        { state: kept, offset: 5 },
      ]),
    );
    await toBarrier();
    gone.revoked = true;
    await producer.answer();
    expect([commits, released.length]).toEqual([['1:6'], 1]);
    expect(gone.frontier).toBe(2);
  });

  test('that produces nothing is committed at once', async () => {
    const { producer, acknowledger, commits, toBarrier, batchOf } = newTrial({ intervalMs: 60_000 });
    acknowledger.add(batchOf([{ state: newState(), offset: 1, analytics: [] }]));
    await toBarrier();
    await producer.answer();
    expect(commits).toEqual(['0:2']);
  });

  test('waits while librdkafka’s queue is full', async () => {
    const { producer, acknowledger, toBarrier, batchOf } = newTrial();
    producer.full = 3;
    acknowledger.add(batchOf([{ state: newState(), offset: 1 }]));
    await toBarrier();
    expect(producer.produced).toHaveLength(1);
    await producer.answer();
  });
});

describe('settling', () => {
  test('confirms everything that was added before, at once', async () => {
    const { producer, acknowledger, commits, toBarrier, batchOf } = newTrial({ intervalMs: 60_000 });
    const state = newState();
    acknowledger.add(batchOf([{ state, offset: 1 }]));
    await settleTurns();
    const settled = acknowledger.settle();
    await toBarrier();
    await producer.answer();
    await settled;
    expect(commits).toEqual(['0:2']);
  });

  test('ends when the acknowledger is closed with work left: a broker that never answers holds no process', async () => {
    const { producer, acknowledger, commits, toBarrier, batchOf } = newTrial();
    const state = newState();
    acknowledger.add(batchOf([{ state, offset: 1 }]));
    await toBarrier();
    acknowledger.add(batchOf([{ state, offset: 2 }]));
    const settled = acknowledger.settle();
    acknowledger.close();
    await producer.answer();
    await settled;
    expect(acknowledger.pending).toBe(1);
    expect(commits).toEqual(['0:2']);
  });

  test('tells of what broke', async () => {
    const { acknowledger, fatal, until, batchOf } = newTrial();
    const batch = batchOf([{ state: newState(), offset: 1 }]);
    Object.defineProperty(batch, 'outgoing', {
      value: () => {
        throw new Error('broken frame');
      },
    });
    acknowledger.add(batch);
    await until(() => fatal.length > 0);
    expect(fatal).toEqual([new Error('broken frame')]);
  });
});

describe('a producer that takes frames', () => {
  test('is given a batch’s frame, and a batch with dead letters record by record', async () => {
    const { producer, acknowledger, commits, toBarrier, batchOf } = newTrial({ intervalMs: 200 });
    producer.takesFrames = true;
    const state = newState();
    acknowledger.add(batchOf([{ state, offset: 1 }]));
    acknowledger.add(
      batchOf(
        [
          { state, offset: 2 },
          { state, offset: 3 },
        ],
        [letterOf(0)],
      ),
    );
    await toBarrier();
    await producer.answer();
    expect(commits).toEqual(['0:4']);
    expect(producer.frames).toBe(1);
    expect(producer.produced.map(({ topic, key }) => `${topic} ${key?.toString()}`)).toEqual([
      'device-analytics tool:1',
      `${TOPIC}.DLQ k2`,
      'device-analytics tool:3',
    ]);
  });
});
