import { randomBytes } from 'node:crypto';
import type { Message } from 'node-rdkafka';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { HANDOVERS } from './hand-overs.ts';
import { startKafka } from './kafka.ts';
import { KafkaTopics, type RawRecord } from './kafka-topics.ts';
import { RunProcess } from './run-process.ts';
import { serverFolder } from './runs.ts';
import type { Server } from './server.ts';
import { describeStack, sharedCassandra } from './stack.ts';
import { Stage } from './stage.ts';

/** Below what a record of the test needs, above what the others do. */
const ANALYTICS_BYTES_MAX = 4096;
const ADDED = ['__connect.errors.', 'openframe.dlq.'];

/** A broker of its own, whose topic for the sites' analytics takes small records only. */
for (const handover of HANDOVERS) {
  describeStack(
    `a broker that refuses and a broker that dies, ${handover} hand-over`,
    ['kafka', 'cassandra'],
    () => {
      let kafka: Server;
      let stage: Stage;

      beforeAll(async () => {
        kafka = await startKafka({ dir: serverFolder('kafka') });
        const topics = await KafkaTopics.connect(kafka.address);
        await topics.make('site-analytics', 12, { 'max.message.bytes': String(ANALYTICS_BYTES_MAX) });
        await topics.close();
      });

      afterAll(() => kafka?.stop());

      afterEach(() => stage?.close());

      async function openStage(): Promise<Stage> {
        return await Stage.open({
          kafka: kafka.address,
          cassandra: sharedCassandra(),
          partitions: 3,
          handover,
        });
      }

      test('a service without its analytics topics ends soon and names the command that makes them', async () => {
        const run = new RunProcess(
          [`kafka.brokers=${kafka.address}`, `store.cassandra.contactPoints=${sharedCassandra()}`].flatMap(
            (setting) => ['--set', setting],
          ),
        );
        const started = performance.now();
        const { code, stderr } = await run.ended;
        expect(performance.now() - started).toBeLessThan(10_000);
        expect(code).toBe(1);
        expect(stderr).toContain(
          'missing topics: organisation-analytics, device-analytics, device_link-analytics',
        );
        expect(stderr).toContain('openframe-stream topics apply');
      });

      test('poison goes to the dead letters byte for byte, on its partition, and its neighbours are written', async () => {
        stage = await openStage();
        const rows = 30;
        const poison = [
          broken(stage.change(rows, 'not JSON'), Buffer.from('{"before":null,"after":')),
          broken(stage.change(rows + 1, 'not UTF-8'), Buffer.from([0x7b, 0xff, 0xfe, 0x00, 0x7d])),
          broken(
            stage.change(rows + 2, 'unknown operation'),
            Buffer.from('{"op":"z","source":{},"after":{}}'),
          ),
        ];
        const good = stage.changes(rows, 2);
        await stage.topics.produce([...good.slice(0, rows), ...poison, ...good.slice(rows)]);
        stage.run();
        await stage.topics.untilCommitted(stage.group, [stage.topic]);
        expect(await stage.rowsByName()).toEqual({ 'round 2': rows });
        expect((await stage.analytics()).changes).toBe(rows * 2);
        const letters = await stage.topics.read(`${stage.topic}.DLQ`);
        const keyOf = (record: { readonly key?: unknown }): string => String(record.key);
        expect(letters.map(asRaw).sort((one, other) => (keyOf(one) < keyOf(other) ? -1 : 1))).toEqual(
          poison.map(({ topic: _, ...rest }) => rest),
        );
        for (const letter of letters) {
          expect(header(letter, '__connect.errors.topic')).toBe(stage.topic);
          expect(header(letter, '__connect.errors.partition')).toBe(String(letter.partition));
          expect(header(letter, '__connect.errors.exception.message')).not.toBe('');
          expect(header(letter, 'openframe.dlq.attempts')).toBe('1');
        }
        expect(letters.map((letter) => header(letter, 'openframe.dlq.code'))).not.toContain(undefined);
      });

      test('a record whose analytics record the topic refuses is a dead letter, and its neighbours are not', async () => {
        stage = await openStage();
        const rows = 30;
        const large = stage.change(rows, randomBytes(ANALYTICS_BYTES_MAX).toString('base64'));
        const good = stage.changes(rows, 2);
        await stage.topics.produce([...good.slice(0, rows), large, ...good.slice(rows)]);
        stage.run();
        await stage.topics.untilCommitted(stage.group, [stage.topic]);
        const letters = await stage.topics.read(`${stage.topic}.DLQ`);
        expect(letters.map((letter) => String(letter.key))).toEqual([String(large.key)]);
        expect(letters.map((letter) => header(letter, 'openframe.dlq.code'))).toEqual(['produce_rejected']);
        expect(letters[0]?.value?.equals(large.value ?? Buffer.alloc(0))).toBe(true);
        expect((await stage.analytics()).changes).toBe(rows * 2);
      });

      test('nothing is lost when the broker is killed in mid-stream', async () => {
        stage = await openStage();
        const [rows, rounds] = [300, 20];
        const run = stage.run();
        const fed = stage.topics.produce(stage.changes(rows, rounds), 1000);
        await stage.topics.untilCommitted(stage.group, [stage.topic], { records: 1000 });
        await kafka.kill9();
        await kafka.restart();
        await fed;
        await stage.topics.untilCommitted(stage.group, [stage.topic]);
        expect(await stage.rowsByName()).toEqual({ [`round ${rounds}`]: rows });
        expect((await stage.analytics()).changes).toBe(rows * rounds);
        expect(await stage.deadLetters()).toBe(0);
        run.signal('SIGTERM');
        expect(await run.ended).toMatchObject({ code: 0 });
      });

      test('a service whose broker is gone ends in time when it is told to, and soon when it is told twice', async () => {
        stage = await openStage();
        const [patient, hasty] = [1, 2].map(() => stage.run('--set', 'pipeline.drainTimeoutMs=1000'));
        const fed = stage.topics.produce(stage.changes(300, 10), 1000);
        await stage.topics.untilCommitted(stage.group, [stage.topic], { records: 1000 });
        await kafka.kill9();
        for (const run of [patient, hasty]) run?.signal('SIGTERM');
        await new Promise((resolve) => setTimeout(resolve, 200));
        hasty?.signal('SIGTERM');
        // Nothing that waits for a broker keeps the thread from hearing a signal.
        expect(await hasty?.endsWithin(5000)).toMatchObject({ code: 1, signal: null });
        // Whether librdkafka can leave a group without its broker is a matter of luck; that the process ends is not.
        expect([0, 1]).toContain((await patient?.endsWithin(60_000))?.code);
        await kafka.restart();
        await fed;
      });
    },
  );
}

/** The record with another value, and with headers and a timestamp that have to survive. */
function broken(record: RawRecord, value: Buffer): RawRecord {
  const headers = [
    { 'message-type': Buffer.from('TACTICAL_RMM_EVENT') },
    { origin: Buffer.from('Büro 7 💾') },
  ];
  return { ...record, value, headers, timestamp: 1_700_000_000_123 };
}

/** A dead letter as the record that it was, without the headers that were added. */
function asRaw({ partition, key, value, timestamp, headers = [] }: Message): Omit<RawRecord, 'topic'> {
  const own = headers.filter((entry) => !ADDED.some((prefix) => Object.keys(entry)[0]?.startsWith(prefix)));
  return {
    partition,
    key: key === null || key === undefined ? null : Buffer.from(key),
    value,
    headers: own.map((entry) =>
      Object.fromEntries(Object.entries(entry).map(([name, of]) => [name, Buffer.from(of)])),
    ),
    ...(timestamp === undefined ? {} : { timestamp }),
  };
}

function header({ headers = [] }: Message, name: string): string | undefined {
  const found = headers.find((entry) => Object.hasOwn(entry, name));
  return found === undefined ? undefined : String(found[name]);
}
