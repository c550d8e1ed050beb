import { setTimeout as sleep } from 'node:timers/promises';
import Kafka from 'node-rdkafka';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { handover } from '../../src/cli/doctor/process-checks.ts';
import { RecordConsumer } from '../../src/main/consume.ts';
import { createSlots, Dispatcher } from '../../src/main/dispatch.ts';
import type { Intake } from '../../src/main/handover/intake.ts';
import { loadAddon, nativeClient } from '../../src/main/handover/native-addon.ts';
import { NativeIntake } from '../../src/main/handover/native-intake.ts';
import { openHandover } from '../../src/main/handover/open-handover.ts';
import { PlainIntake } from '../../src/main/handover/plain-intake.ts';
import { PartitionMap } from '../../src/main/partitions.ts';
import { pipelineSettings } from '../../src/main/pipeline-settings.ts';
import { type OutgoingRecord, RecordProducer } from '../../src/main/produce.ts';
import { AnalyticsFrameWriter } from '../../src/shared/analytics-frame.ts';
import { must } from '../../src/shared/assert.ts';
import { RecordFrameReader } from '../../src/shared/record-frame.ts';
import { EMPTY_RESULT } from '../main/batches.ts';
import { Trial, until } from './trial.ts';

const loaded = loadAddon();
const addon = 'unusable' in loaded ? null : loaded;
let trial: Trial;
beforeAll(async () => {
  trial = await Trial.open();
});
afterAll(() => trial.close());

test('the addon of the native hand-over is compiled and fits', () => {
  expect(loaded).not.toHaveProperty('unusable');
});

const raw = Buffer.from([0xff, 0x00, 0xfe]);
const EMPTY = Buffer.from('x').subarray(0, 0);

/** Records of every shape that Kafka knows, among them ones larger than a slot, in four partitions. */
function shapes(topic: string): OutgoingRecord[] {
  return Array.from({ length: 240 }, (_, index): OutgoingRecord => {
    const [key, value] = [Buffer.from(`{"id":${index}}`), Buffer.alloc(50 + 13 * index, index)];
    const shape: Partial<OutgoingRecord>[] = [
      {},
      { key: null, value: null },
      { key: EMPTY, value: EMPTY },
      { headers: [{ h: raw }, { h: null }, { '': EMPTY }, { ü: Buffer.from('ü') }] },
      { key: raw, value: raw },
      { value: Buffer.alloc(index % 40 === 5 ? 100_000 : 10, 7) },
      { value: Buffer.from(`{"schema":"${'s'.repeat(2000 + (index % 3))}","payload":${index}}`) },
    ];
    return {
      topic,
      partition: index % 4,
      key,
      value,
      timestamp: 1_700_000_000_000 + index,
      ...shape[index % 7],
    };
  });
}

/** node-rdkafka gives an empty header for a null one. */
function asObjectsHaveIt(record: unknown[]): unknown[] {
  const headers = record[4] as [string, Buffer | null][];
  return [...record.slice(0, 4), headers.map(([name, value]) => [name, value ?? EMPTY])];
}

async function produceAll(records: readonly OutgoingRecord[]): Promise<void> {
  const producer = new RecordProducer(pipelineSettings(trial.config(), 1).producer, addon, () => undefined);
  await producer.connect();
  for (const record of records) while (!producer.tryProduce(record)) await producer.room();
  expect(await producer.barrier()).toEqual([]);
  await producer.close();
}

/** Reads a topic through one of the hand-overs, with slots of 64 KiB, and gives each partition's records in their order. */
async function readThrough(kind: 'native' | 'plain', topic: string, records: number): Promise<unknown[][]> {
  const settings = pipelineSettings(trial.config(), 2);
  const partitions = new PartitionMap(2);
  const found: unknown[][] = [[], [], [], []];
  let count = 0;
  const slots = createSlots(2, 2, 65_536);
  const dispatcher: Dispatcher = new Dispatcher({
    slots,
    inflightBytesMax: 1 << 30,
    poisonSlots: true,
    run: async (task) => {
      const frame = task.oversize ?? must(slots[task.worker]?.[task.slot], 'slot').records;
      const reader = new RecordFrameReader(frame);
      for (let index = 0; index < reader.count; index += 1) {
        const [key, value] = [reader.key(index), reader.value(index)];
        const parts = [
          reader.offset(index),
          reader.timestamp(index),
          key && Buffer.from(key),
          value && Buffer.from(value),
        ];
        must(found[reader.partition(index)], 'partition').push([...parts, reader.headers(index)]);
      }
      count += reader.count;
      // Slots are scarce, so that records wait for them.
      await sleep(1);
      return EMPTY_RESULT;
    },
    finished: (batch) => dispatcher.release(batch),
    failed: (error) => expect(error).toBeUndefined(),
  });
  let intake: Intake | null = null;
  const consumer = new RecordConsumer(settings.consumer, {
    assigned: (given) => {
      for (const { topic: name, partition } of given) intake?.assigned(partitions.assign(name, partition));
    },
    revoked: async (taken) => {
      const states = partitions.these(taken);
      for (const state of states) state.revoked = true;
      intake?.revoked(states);
    },
    ended: () => undefined,
    committed: () => undefined,
    log: () => undefined,
  });
  await consumer.connect();
  const parts = { consumer, dispatcher, partitions };
  intake =
    kind === 'native'
      ? new NativeIntake(must(addon, 'addon'), parts, () => undefined)
      : new PlainIntake(parts);
  consumer.subscribe([topic]);
  await until('every record came', async () => {
    await must(intake, 'intake').take(50);
    return count >= records;
  });
  await consumer.unsubscribe();
  expect(dispatcher.lanes.map(({ queuedBytes }) => queuedBytes)).toEqual([0, 0]);
  intake.close();
  await consumer.disconnect();
  return found;
}

describe.skipIf(addon === null)('the native hand-over', () => {
  test('gives the workers what the plain one gives, byte for byte, whatever shape a record has, and null headers besides', async () => {
    const topic = 'tactical.public.shapes';
    await trial.broker.topic(topic);
    const records = shapes(topic);
    await produceAll(records);
    const native = await readThrough('native', topic, records.length);
    const plain = await readThrough('plain', topic, records.length);
    expect(native.map((list) => list.length)).toEqual([60, 60, 60, 60]);
    expect(native.map((list) => list.map((record) => asObjectsHaveIt(record as unknown[])))).toEqual(plain);
    const first = must(native[3]?.[0], 'record with headers') as unknown[];
    expect(first[4]).toEqual([
      ['h', raw],
      ['h', null],
      ['', EMPTY],
      ['ü', Buffer.from('ü')],
    ]);
  }, 90_000);

  test('produces a frame as it is, and reports each record that is refused by its topic, key and size', async () => {
    const settings = pipelineSettings(trial.config({ 'kafka.producer.messageMaxBytes': '20000' }), 1);
    const producer = new RecordProducer(settings.producer, addon, () => undefined);
    await producer.connect();
    await trial.broker.topic('organisation-analytics');
    const writer = new AnalyticsFrameWriter(new SharedArrayBuffer(4096));
    for (const [key, bytes] of [
      ['a', 10],
      ['b', 30_000],
      ['c', 20],
    ] as const)
      writer.append(0, 0, key, 'x'.repeat(bytes));
    const given = await producer.produceFrame(writer.finish());
    expect([...given]).toEqual([['organisation-analytics', 2]]);
    const failures = await producer.barrier();
    expect(failures).toMatchObject([
      { topic: 'organisation-analytics', key: 'b', bytes: 30_000, permanent: true },
    ]);
    expect((await trial.broker.read('organisation-analytics')).map(({ key }) => key).sort()).toEqual([
      'a',
      'c',
    ]);
    await producer.close();
  });

  test('goes on where the queue was full, so that every record of a frame comes once and in order', async () => {
    const { producer: settings } = pipelineSettings(trial.config(), 1);
    const global = { ...settings.global, 'queue.buffering.max.messages': 10 };
    const producer = new RecordProducer({ ...settings, global }, addon, () => undefined);
    await producer.connect();
    await trial.broker.topic('organisation-analytics');
    const before = (await trial.broker.read('organisation-analytics')).length;
    const writer = new AnalyticsFrameWriter(new SharedArrayBuffer(65_536));
    const values = Array.from({ length: 200 }, (_, index) => `value ${index}`);
    for (const value of values) writer.append(0, 0, 'one key', value);
    expect([...(await producer.produceFrame(writer.finish()))]).toEqual([['organisation-analytics', 200]]);
    expect(await producer.barrier()).toEqual([]);
    const found = (await trial.broker.read('organisation-analytics')).slice(-values.length - before);
    expect(found.filter(({ key }) => key === 'one key').map(({ value }) => value)).toEqual(values);
    await producer.close();
  });

  test('refuses a second job, a close during one, and everything after the close', async () => {
    const { FrameConsumer } = must(addon, 'addon');
    const client = new Kafka.KafkaConsumer(
      { 'metadata.broker.list': trial.broker.address, 'group.id': 'misuse' },
      {},
    );
    expect(() => new FrameConsumer(nativeClient(client), 1)).toThrow('the client is not connected');
    expect(() => new FrameConsumer({}, 1)).toThrow('the client is not connected');
    await new Promise<void>((resolve) => client.connect({}, () => resolve()));
    const consumer = new FrameConsumer(nativeClient(client), 1);
    const filled = new Promise((resolve) => consumer.fill([null], 1, 100, resolve));
    expect(() => consumer.fill([null], 1, 0, () => undefined)).toThrow('a job is under way');
    expect(() => consumer.assign('t', 0, 0, 0)).toThrow('a job is under way');
    expect(() => consumer.close()).toThrow('a job is under way');
    expect(await filled).toEqual(new Float64Array(0));
    consumer.close();
    consumer.close();
    expect(() => consumer.fill([null], 1, 0, () => undefined)).toThrow('closed');
    await new Promise<void>((resolve) => client.disconnect(() => resolve()));
  });
});

test('a rebalance that comes during a poll is dealt with when that has ended', async () => {
  const topic = 'tactical.public.polled';
  await trial.broker.topic(topic);
  const assigned: string[] = [];
  const consumer = new RecordConsumer(pipelineSettings(trial.config(), 1).consumer, {
    assigned: (given) => assigned.push(...given.map((one) => `${one.topic} ${one.partition}`)),
    revoked: () => Promise.resolve(),
    ended: () => undefined,
    committed: () => undefined,
    log: () => undefined,
  });
  await consumer.connect();
  let told = false;
  consumer.client.on('rebalance', () => {
    told = true;
  });
  consumer.subscribe([topic]);
  const during = await consumer.polling(async () => {
    await until('node-rdkafka tells of the assignment', async () => {
      await consumer.poll(1);
      return told;
    });
    return assigned.length;
  });
  expect({ during, after: assigned.length }).toEqual({ during: 0, after: 4 });
  await consumer.unsubscribe();
  await consumer.disconnect();
});

describe('an addon that does not fit', () => {
  const compiled = { nodeRdkafka: 'v3.6.1', compiledFor: 0x20c00ff, loaded: 0x20c00ff };

  test.each([
    [{ ...compiled, nodeRdkafka: '3.5.0' }, 'compiled for node-rdkafka 3.5.0'],
    [{ ...compiled, compiledFor: 0x20b00ff }, 'compiled for librdkafka 0x20b00ff, and 0x20c00ff is loaded'],
  ])('is not used, and it is said why: %o', (other, why) => {
    expect(loadAddon(() => other)).toEqual({ unusable: expect.stringContaining(why) });
  });

  const missing = (): never => {
    throw new Error('Cannot find module handover.node\nRequire stack: …');
  };

  test('leaves the work to the plain hand-over, which is said once, and doctor says what to do', () => {
    const said: string[] = [];
    const absent = () => loadAddon(missing);
    expect(openHandover('native', (message) => said.push(message), absent)).toBeNull();
    expect(said).toEqual([expect.stringMatching(/^the native hand-over is not used: it cannot be loaded/)]);
    expect(handover('native', absent())).toMatchObject({
      status: 'warn',
      advice: expect.stringContaining('npm run build:native'),
    });
  });

  test('is not asked for where the plain hand-over is wanted', () => {
    const never = (): never => expect.unreachable('loaded');
    expect(openHandover('plain', never, never)).toBeNull();
    expect(handover('plain', loadAddon(missing)).status).toBe('ok');
  });

  test('is not used when it is missing, and it is said how to have it', () => {
    expect(loadAddon(missing)).toEqual({
      unusable:
        'it cannot be loaded (Cannot find module handover.node); "npm run build:native" compiles it and says what is missing',
    });
  });
});
