import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import type { FlagValue } from '../../main/config.ts';
import { splitPair } from '../../main/config-environment.ts';
import { capturedFiles, readCapturedFile } from '../../shared/captured-record.ts';
import { DependencyError, messageOf, UsageError } from '../../shared/errors.ts';
import { configOf, numberParser, print, withExamples } from '../command.ts';
import { type KafkaSession, withKafka } from '../kafka-session.ts';
import { startProgress } from '../progress.ts';
import { RecordProducer } from '../record-producer.ts';
import { existingTopics } from '../topics-plan.ts';

interface FeedOptions {
  readonly rate?: number;
  readonly loop?: boolean;
  readonly topicMap: ReadonlyMap<string, string>;
  readonly broker: readonly string[];
}

interface Survey {
  readonly records: number;
  /** Target topic to the partitions that its records need. */
  readonly partitions: ReadonlyMap<string, number>;
}

async function survey(files: readonly string[], topicMap: FeedOptions['topicMap']): Promise<Survey> {
  let records = 0;
  const partitions = new Map<string, number>();
  for (const file of files) {
    for await (const { topic, partition } of readCapturedFile(file)) {
      const target = topicMap.get(topic) ?? topic;
      partitions.set(target, Math.max(partitions.get(target) ?? 0, partition + 1));
      records += 1;
    }
  }
  return { records, partitions };
}

async function makeTopic(session: KafkaSession, topic: string, partitions: number): Promise<void> {
  try {
    await session.createTopic(topic, partitions);
  } catch (error) {
    // Another feed may have been faster. And some brokers (librdkafka's mock) do not answer: they make topics when asked about them.
    const silent = /timed out/i.test(messageOf(error));
    const metadata = silent ? await session.topic(topic) : await session.topics();
    const made = existingTopics(metadata).get(topic) ?? 0;
    if (made < partitions)
      throw new DependencyError(`${messageOf(error)}; it needs ${partitions} partitions`);
  }
}

async function prepareTopics(session: KafkaSession, wanted: Survey['partitions']): Promise<void> {
  const existing = existingTopics(await session.topics());
  for (const [topic, partitions] of wanted) {
    const now = existing.get(topic);
    if (now !== undefined && now < partitions) {
      throw new DependencyError(
        `topic ${topic} has ${now} partitions and the records need ${partitions}: grow it, or send them elsewhere with --topic-map`,
      );
    }
  }
  const missing = [...wanted].filter(([topic]) => !existing.has(topic));
  await Promise.all(missing.map(([topic, partitions]) => makeTopic(session, topic, partitions)));
}

/** Waits so that `done` records since `startedAt` are no more than `rate` a second. */
async function keepRate(done: number, rate: number | undefined, startedAt: number): Promise<void> {
  if (rate === undefined) return;
  const ahead = startedAt + (done / rate) * 1000 - performance.now();
  // Timers are no finer than a millisecond; short waits are made up for by the next ones.
  if (ahead > 2) await sleep(ahead);
}

async function feed(files: readonly string[], options: FeedOptions, session: KafkaSession): Promise<number> {
  const { records, partitions } = await survey(files, options.topicMap);
  await prepareTopics(session, partitions);
  const producer = new RecordProducer(session.producer);
  const progress = startProgress('records', options.loop ? undefined : records);
  let stopping = false;
  const stop = (): void => {
    stopping = true;
  };
  process.once('SIGINT', stop).once('SIGTERM', stop);
  let done = 0;
  const startedAt = performance.now();
  try {
    do {
      for (const file of files) {
        for await (const record of readCapturedFile(file)) {
          if (stopping) break;
          await producer.produce(record, options.topicMap.get(record.topic) ?? record.topic);
          done += 1;
          progress.update(done);
          await keepRate(done, options.rate, startedAt);
        }
      }
    } while (options.loop && !stopping && records > 0);
    await producer.settle();
  } finally {
    progress.stop();
    process.off('SIGINT', stop).off('SIGTERM', stop);
  }
  return done;
}

function collectMap(pair: string, before: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const [from, to] = splitPair(pair);
  if (from === '' || to === '') throw new UsageError(`--topic-map: got ${pair}, takes from=to`);
  return new Map([...before, [from, to]]);
}

export function register(program: Command): void {
  const command = program
    .command('feed')
    .description(
      'produce captured records to their topics: keys, values, headers, partitions and timestamps kept',
    )
    .argument('<path...>', 'JSON lines files, or folders of them')
    .option('--broker <host:port...>', 'brokers, instead of kafka.brokers', [])
    .option('--rate <records>', 'at most so many records per second', numberParser('--rate', 0.001))
    .option('--loop', 'begin again at the end, until a signal comes')
    .option(
      '--topic-map <from=to>',
      'send a topic’s records to another; may be repeated',
      collectMap,
      new Map(),
    );
  withExamples(
    command,
    'openframe-stream feed test/fixtures/tactical-postgres-cdc --broker localhost:9092',
    'openframe-stream feed agents.jsonl --rate 500 --loop --topic-map tactical.public.agents_agent=copy.public.agents_agent',
  ).action(async (paths: readonly string[], options: FeedOptions, self: Command) => {
    const files = await capturedFiles(paths);
    const flags: FlagValue[] =
      options.broker.length === 0
        ? []
        : [{ key: 'kafka.brokers', text: options.broker.join(','), flag: '--broker' }];
    const { config } = configOf(self, flags);
    const startedAt = performance.now();
    const done = await withKafka(config, (session) => feed(files, options, session));
    await print(
      `${done} records produced and acknowledged in ${((performance.now() - startedAt) / 1000).toFixed(1)} s\n`,
    );
  });
}
