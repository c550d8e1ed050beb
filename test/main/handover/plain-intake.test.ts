import type { Message } from 'node-rdkafka';
import { describe, expect, test } from 'vitest';
import { type Batch, createSlots, Dispatcher } from '../../../src/main/dispatch.ts';
import { PlainIntake } from '../../../src/main/handover/plain-intake.ts';
import { PartitionMap, type PartitionState } from '../../../src/main/partitions.ts';
import { must } from '../../../src/shared/assert.ts';
import { RecordFrameReader } from '../../../src/shared/record-frame.ts';
import type { BatchResult, BatchTask } from '../../../src/shared/worker-protocol.ts';
import { EMPTY_RESULT } from '../batches.ts';

interface Run {
  readonly task: BatchTask;
  readonly offsets: number[];
  readonly finish: () => Promise<void>;
  readonly fail: (error: Error) => Promise<void>;
}

/** A dispatcher whose workers are the test. */
function newTrial(options: {
  workers?: number;
  slots?: number;
  slotBytes?: number;
  inflightBytesMax?: number;
}) {
  const { workers = 1, slots = 2, slotBytes = 4096, inflightBytesMax = 1 << 30 } = options;
  const lanes = createSlots(workers, slots, slotBytes);
  const map = new PartitionMap(workers);
  const runs: Run[] = [];
  const finished: Batch[] = [];
  const failures: unknown[] = [];
  const dispatcher = new Dispatcher({
    slots: lanes,
    inflightBytesMax,
    run: (task) =>
      new Promise<BatchResult>((resolve, reject) => {
        const frame = task.oversize ?? lanes[task.worker]?.[task.slot]?.records;
        if (frame === undefined) throw new Error('no such slot');
        const reader = new RecordFrameReader(frame);
        runs.push({
          task,
          offsets: Array.from({ length: reader.count }, (_, index) => reader.offset(index)),
          finish: async () => {
            resolve(EMPTY_RESULT);
            await new Promise(setImmediate);
          },
          fail: async (error) => {
            reject(error);
            await new Promise(setImmediate);
          },
        });
      }),
    finished: (batch) => finished.push(batch),
    failed: (error) => failures.push(error),
  });
  const waiting: Message[] = [];
  const consumer = {
    polling: async <Brought>(poll: () => Promise<Brought>): Promise<Brought> => await poll(),
    poll: (max: number): Promise<Message[]> => Promise.resolve(waiting.splice(0, max)),
  };
  const intake = new PlainIntake({ consumer, dispatcher, partitions: map });
  const give = (state: PartitionState, offset: number, bytes = 100, more: Partial<Message> = {}): void => {
    waiting.push({
      topic: state.topic,
      partition: state.partition,
      offset,
      timestamp: offset * 10,
      key: Buffer.from('k'),
      value: Buffer.alloc(bytes),
      size: bytes,
      ...more,
    } as Message);
  };
  /** What `give` gave comes with one poll. */
  const take = async (): Promise<void> => {
    await intake.take(waiting.length);
  };
  const run = (index: number): Run => {
    const found = runs[index];
    if (found === undefined) throw new Error(`no run ${index}`);
    return found;
  };
  return { dispatcher, intake, map, runs, run, finished, failures, give, take };
}

describe('the plain hand-over', () => {
  test('reports a broken worker and never calls its batch finished', async () => {
    const { take, map, give, run, failures, finished } = newTrial({});
    give(map.assign('t', 0), 1);
    await take();
    await run(0).fail(new Error('thread died'));
    expect(failures).toEqual([new Error('thread died')]);
    expect(finished).toEqual([]);
  });

  test('keeps a partition’s order over batches and slots', async () => {
    const { dispatcher, take, map, give, runs } = newTrial({ slots: 3 });
    const state = map.assign('t', 0);
    for (let offset = 0; offset < 30; offset += 1) give(state, offset, 400);
    await take();
    expect(runs).toHaveLength(3);
    const sent = runs.flatMap(({ offsets }) => offsets);
    expect(sent).toEqual(sent.map((_, index) => index));
    expect(sent.length).toBeLessThan(30);
    expect(new Set(runs.map(({ task }) => task.slot)).size).toBe(3);
    expect([dispatcher.isBehind, dispatcher.isShort(1), dispatcher.isShort(2)]).toEqual([true, false, true]);
  });

  test('fills a slot again only after its batch was released', async () => {
    const { dispatcher, take, map, give, runs, run, finished } = newTrial({ slots: 1 });
    const state = map.assign('t', 0);
    give(state, 0, 3000);
    give(state, 1, 3000);
    await take();
    await run(0).finish();
    await take();
    expect(runs).toHaveLength(1);
    for (const batch of finished) dispatcher.release(batch);
    expect(runs.map(({ offsets }) => offsets)).toEqual([[0], [1]]);
    expect(dispatcher.lanes.map(({ open }) => open.size)).toEqual([1]);
  });

  test('gives a record that is larger than a slot a frame of its own, between its neighbours', async () => {
    const { take, map, give, runs } = newTrial({ slots: 4 });
    const state = map.assign('t', 0);
    give(state, 0);
    give(state, 1, 100_000, { headers: [{ h: 'v' }] });
    give(state, 2);
    await take();
    expect(runs.map(({ offsets }) => offsets)).toEqual([[0], [1], [2]]);
    const own = runs[1]?.task.oversize;
    if (own === undefined) throw new Error('no frame of its own');
    expect(new RecordFrameReader(own).value(0)?.length).toBe(100_000);
    expect(new RecordFrameReader(own).headers(0)).toEqual([['h', Buffer.from('v')]]);
    expect([runs[0]?.task.oversize, runs[2]?.task.oversize]).toEqual([undefined, undefined]);
  });

  test('takes records without key, value, headers or timestamp, and keys that are text', async () => {
    const { take, map, give, run } = newTrial({});
    const state = map.assign('t', 0);
    const absent = undefined as never;
    give(state, 0, 0, { key: null, value: null, headers: absent, timestamp: absent });
    give(state, 1, 0, { key: 'ö' });
    await take();
    expect(run(0).offsets).toEqual([0, 1]);
  });

  test('notes a range per partition of a batch, with its last offset', async () => {
    const { take, map, give, run, finished } = newTrial({});
    const [a, b] = [map.assign('t', 0), map.assign('t', 1)];
    give(a, 5);
    give(b, 100);
    give(a, 9);
    await take();
    await run(0).finish();
    const ranges = finished[0]?.ranges.map(({ partition, lastOffset, lastTimestamp, records }) => [
      partition.partition,
      lastOffset,
      lastTimestamp,
      records,
    ]);
    expect(ranges).toEqual([
      [0, 9, 90, 2],
      [1, 100, 1000, 1],
    ]);
  });

  test('tells each worker a topic’s name once', async () => {
    const { take, map, give, runs } = newTrial({ workers: 2 });
    const states = [map.assign('a', 0), map.assign('a', 1), map.assign('b', 0)];
    for (const state of states) give(state, 0);
    await take();
    for (const state of states) give(state, 1);
    await take();
    const told = runs.map(({ task }) => [task.worker, task.topics]);
    expect(told).toEqual([
      [
        0,
        [
          [0, 'a'],
          [1, 'b'],
        ],
      ],
      [1, [[0, 'a']]],
      [0, []],
      [1, []],
    ]);
  });

  test('sends no further batch to a worker with too many bytes in flight, but always one', async () => {
    const { dispatcher, take, map, give, runs, run, finished } = newTrial({ slots: 4, inflightBytesMax: 10 });
    const state = map.assign('t', 0);
    for (let offset = 0; offset < 3; offset += 1) give(state, offset, 3000);
    await take();
    expect(runs).toHaveLength(1);
    await run(0).finish();
    for (const batch of finished) dispatcher.release(batch);
    expect(runs).toHaveLength(2);
  });

  test('is full only when every worker has a backlog, and tells when there is room', async () => {
    const { dispatcher, take, map, give, run, finished } = newTrial({ workers: 2, slots: 1 });
    const [a, b] = [map.assign('t', 0), map.assign('t', 1)];
    for (let offset = 0; offset < 3; offset += 1) give(a, offset, 3000);
    await take();
    expect(dispatcher.queuedBytes(0)).toBeGreaterThan(6000);
    expect(dispatcher.isFull(5000)).toBe(false);
    for (let offset = 0; offset < 3; offset += 1) give(b, offset, 3000);
    await take();
    expect(dispatcher.isFull(5000)).toBe(true);
    const room = dispatcher.room(60_000);
    await run(0).finish();
    for (const batch of finished) dispatcher.release(batch);
    await room;
    expect(dispatcher.isFull(5000)).toBe(false);
    await dispatcher.room(1);
  });

  test('drops what waits for revoked partitions, and nothing else', async () => {
    const { dispatcher, intake, take, map, give, runs, run, finished } = newTrial({ slots: 1 });
    const [a, b] = [map.assign('t', 0), map.assign('t', 1)];
    give(a, 0, 3000);
    give(a, 1, 1000);
    give(b, 7, 1000);
    give(a, 2, 1000);
    await take();
    a.revoked = true;
    intake.revoked();
    await run(0).finish();
    for (const batch of finished) dispatcher.release(batch);
    expect(runs.map(({ offsets }) => offsets)).toEqual([[0], [7]]);
    expect(a.rangesOpen).toBe(1);
    expect(dispatcher.queuedBytes(0)).toBe(0);
    expect(dispatcher.inflightBytes).toBeGreaterThan(0);
    await run(1).finish();
    dispatcher.release(must(finished[1], 'second batch'));
    expect(dispatcher.inflightBytes).toBe(0);
  });
});
