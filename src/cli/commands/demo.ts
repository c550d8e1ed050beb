import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { type Config, loadConfig, storeSettings } from '../../main/config.ts';
import { createLogger } from '../../main/logger.ts';
import { capturedFiles, formatCapturedRecord, readCapturedFile } from '../../shared/captured-record.ts';
import { ENTITY_NAMES, type EntityName } from '../../shared/entity.ts';
import { subscriptionPatterns } from '../../shared/message-type.ts';
import { jsonLine } from '../../workers/stores/export-row.ts';
import { openStore } from '../../workers/stores/open-store.ts';
import { print, withExamples } from '../command.ts';
import { DemoSummary, type EntityRows } from '../demo-summary.ts';
import { EmbeddedBroker } from '../embedded-broker.ts';
import { exportedRows } from '../exported-rows.ts';
import { startProgress } from '../progress.ts';
import { RecordProducer } from '../record-producer.ts';
import { runService } from '../run-service.ts';

interface Options {
  readonly export?: string;
  readonly topics?: string;
}

/** The captured records that the project ships, one folder a connector. */
const SHIPPED = [
  'tactical-postgres-cdc',
  'authentik-postgres-cdc',
  'fleetmdm-mysql-cdc',
  'meshcentral-mongodb-cdc',
].map((name) => fileURLToPath(new URL(`../../../test/fixtures/${name}`, import.meta.url)));

/** Nothing more comes: the embedded broker's consumer has no reason to wait longer. */
const IDLE_SECONDS = 1;

export function register(program: Command): void {
  const command = program
    .command('demo')
    .description('the main job, embedded: captured records through the whole pipeline, with nothing but Node')
    .argument('[dir...]', 'folders or files of captured records; default: those that the project ships')
    .option('--export <dir>', 'also write each entity as JSON lines')
    .option('--topics <dir>', 'also write what was produced to each topic');
  withExamples(
    command,
    'openframe-stream demo',
    'openframe-stream demo captures/ --export out/ --topics out/topics/',
  ).action(async (dirs: readonly string[], options: Options) => {
    const folder = await mkdtemp(join(tmpdir(), 'openframe-demo-'));
    const broker = await EmbeddedBroker.start();
    try {
      await demo(dirs.length > 0 ? dirs : SHIPPED, options, broker, join(folder, 'store'));
    } finally {
      await broker.close();
      await rm(folder, { recursive: true, force: true });
    }
  });
}

async function demo(
  paths: readonly string[],
  options: Options,
  broker: EmbeddedBroker,
  path: string,
): Promise<void> {
  // The demo is the same wherever it runs: it reads no configuration file and no environment.
  const { config } = loadConfig(
    {
      flags: [
        { key: 'kafka.brokers', text: broker.address, flag: 'demo' },
        { key: 'kafka.consumer.heartbeatIntervalMs', text: '500', flag: 'demo' },
        { key: 'store.kind', text: 'embedded', flag: 'demo' },
        { key: 'store.embedded.path', text: path, flag: 'demo' },
        { key: 'log.level', text: 'error', flag: 'demo' },
      ],
    },
    {},
  );
  const files = await capturedFiles(paths);
  const fed = await feed(files, broker);
  const summary = new DemoSummary();
  const progress = startProgress('records', countSubscribed(fed, config));
  const timer = setInterval(() => progress.update(summary.acknowledged), 50);
  try {
    await runService({
      config,
      logger: createLogger(config.log, 'stderr'),
      management: false,
      untilIdleSeconds: IDLE_SECONDS,
      listener: summary.observer,
    });
  } finally {
    clearInterval(timer);
    progress.stop();
  }
  const rows = await readEntities(config);
  await print(summary.text(fed, rows));
  if (options.export !== undefined) await writeEntities(rows, options.export);
  if (options.topics !== undefined)
    await writeTopics([...summary.topics, ...deadLetterTopics(fed)], options.topics, broker);
}

/** Topic to the records that were produced to it. */
type Fed = Map<string, number>;

/** Produces the records, topic after topic: references come late for whatever is fed before them. */
async function feed(files: readonly string[], broker: EmbeddedBroker): Promise<Fed> {
  const producer = new RecordProducer(broker.producer);
  const fed: Fed = new Map();
  const partitions = new Map<string, number>();
  for (const file of files) {
    for await (const record of readCapturedFile(file)) {
      let count = partitions.get(record.topic);
      if (count === undefined) {
        count = await broker.topic(record.topic);
        partitions.set(record.topic, count);
      }
      // The embedded broker has four partitions a topic: a key's records stay together all the same.
      await producer.produce({ ...record, partition: record.partition % count }, record.topic);
      fed.set(record.topic, (fed.get(record.topic) ?? 0) + 1);
    }
  }
  await producer.settle();
  return fed;
}

function countSubscribed(fed: ReadonlyMap<string, number>, config: Config): number {
  const patterns = subscriptionPatterns(config.sources).map((pattern) => new RegExp(pattern));
  let records = 0;
  for (const [topic, count] of fed) if (patterns.some((pattern) => pattern.test(topic))) records += count;
  return records;
}

async function readEntities(config: Config): Promise<EntityRows> {
  const store = await openStore(storeSettings(config));
  try {
    const entities = new Map<EntityName, Record<string, unknown>[]>();
    for (const name of ENTITY_NAMES) {
      const rows = [];
      for await (const row of exportedRows(store, name, { includeDeleted: false })) rows.push(row);
      entities.set(name, rows);
    }
    return entities;
  } finally {
    await store.close();
  }
}

async function writeEntities(entities: EntityRows, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const [name, rows] of entities) {
    await writeFile(join(folder, `${name}.jsonl`), rows.map((row) => `${jsonLine(row)}\n`).join(''));
  }
}

function deadLetterTopics(fed: ReadonlyMap<string, number>): string[] {
  return [...fed.keys()].map((topic) => `${topic}.DLQ`);
}

async function writeTopics(topics: readonly string[], folder: string, broker: EmbeddedBroker): Promise<void> {
  await mkdir(folder, { recursive: true });
  const existing = await broker.existing();
  for (const topic of topics.filter((name) => existing.has(name))) {
    const records = await broker.read(topic);
    if (records.length === 0) continue;
    await writeFile(
      join(folder, `${topic}.jsonl`),
      records.map((record) => `${formatCapturedRecord(record)}\n`).join(''),
    );
  }
}
