import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { EmbeddedBroker } from '../../src/cli/embedded-broker.ts';
import { exportedRows } from '../../src/cli/exported-rows.ts';
import { RecordProducer } from '../../src/cli/record-producer.ts';
import { type Config, loadConfig, storeSettings } from '../../src/main/config.ts';
import { type PipelineObserver, SILENT_OBSERVER } from '../../src/main/observer.ts';
import { Pipeline } from '../../src/main/pipeline.ts';
import { pipelineSettings } from '../../src/main/pipeline-settings.ts';
import { must } from '../../src/shared/assert.ts';
import { ENTITY_NAMES, type EntityName } from '../../src/shared/entity.ts';
import type { CapturedRecord } from '../../src/shared/record.ts';
import { openStore } from '../../src/workers/stores/open-store.ts';
import { differences } from '../truth/differences.ts';

/** The whole pipeline over an embedded broker and an embedded store, both of which live as long as the trial. */

const WORKERS = 2;
/** Both hand-overs pass the same suites: vitest's project embedded-plain sets this. */
const HANDOVER = process.env.OPENFRAME_STREAM_HANDOVER ?? 'native';
const TIMEOUT_MS = 60_000;

export type Rows = ReadonlyMap<string, Record<string, unknown>>;

export async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + TIMEOUT_MS;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`waited ${TIMEOUT_MS / 1000} s: ${what}`);
    await sleep(20);
  }
}

/** What a run told of itself. */
export class Listener {
  acknowledged = 0;
  readonly outcomes: Record<string, number> = {};
  readonly produced: Record<string, number> = {};
  readonly deadLetters: string[] = [];
  readonly logs: string[] = [];

  readonly observer: PipelineObserver = {
    ...SILENT_OBSERVER,
    acknowledged: (records) => {
      this.acknowledged += records;
    },
    outcomes: (counts) => {
      for (const [name, count] of Object.entries(counts))
        this.outcomes[name] = (this.outcomes[name] ?? 0) + count;
    },
    produced: (topic, records) => {
      this.produced[topic] = (this.produced[topic] ?? 0) + records;
    },
    deadLetter: (code) => this.deadLetters.push(code),
  };
}

export class Trial {
  readonly broker: EmbeddedBroker;
  readonly #folder: string;
  readonly #producer: RecordProducer;
  readonly #partitions = new Map<string, number>();
  #stores = 0;

  private constructor(broker: EmbeddedBroker, folder: string) {
    this.broker = broker;
    this.#folder = folder;
    this.#producer = new RecordProducer(broker.producer);
  }

  static async open(): Promise<Trial> {
    return new Trial(await EmbeddedBroker.start(), await mkdtemp(join(tmpdir(), 'openframe-embedded-')));
  }

  async close(): Promise<void> {
    await this.broker.close();
    await rm(this.#folder, { recursive: true, force: true });
  }

  /** A configuration with a store and a group of its own. */
  config(keys: Readonly<Record<string, string>> = {}): Config {
    this.#stores += 1;
    const settings = {
      'kafka.brokers': this.broker.address,
      'kafka.groupId': `group-${this.#stores}`,
      // The embedded broker forgets a member that has left only when its session ends; a first join takes three seconds.
      'kafka.consumer.sessionTimeoutMs': '4000',
      'kafka.consumer.heartbeatIntervalMs': '200',
      'store.kind': 'embedded',
      'store.embedded.path': join(this.#folder, `store-${this.#stores}`),
      'log.level': 'warn',
      handover: HANDOVER,
      ...keys,
    };
    return loadConfig(
      { flags: Object.entries(settings).map(([key, text]) => ({ key, text, flag: 'test' })) },
      {},
    ).config;
  }

  /** Makes the records' topics: a consumer that is running finds new ones after half a minute only. */
  async makeTopics(records: readonly CapturedRecord[]): Promise<void> {
    for (const topic of new Set(records.map((record) => record.topic))) {
      if (!this.#partitions.has(topic)) this.#partitions.set(topic, await this.broker.topic(topic));
    }
  }

  /** Produces records to their topics; the embedded broker has four partitions of each. */
  async feed(records: readonly CapturedRecord[]): Promise<void> {
    await this.makeTopics(records);
    for (const record of records) {
      const partitions = must(this.#partitions.get(record.topic), 'topic');
      await this.#producer.produce({ ...record, partition: record.partition % partitions }, record.topic);
    }
    await this.#producer.settle();
  }

  async start(config: Config, listener = new Listener()): Promise<Pipeline> {
    const settings = { ...pipelineSettings(config, WORKERS), poisonSlots: true };
    return await Pipeline.start(settings, listener.observer, (level, message) => {
      if (level === 'warn' || level === 'error') listener.logs.push(`${level}: ${message}`);
    });
  }

  /** Takes in everything that there is, then ends; nothing may be left. */
  async run(config: Config, listener = new Listener()): Promise<Listener> {
    const pipeline = await this.start(config, listener);
    await until('the pipeline is idle', () => pipeline.idleMs > 500);
    expect(await pipeline.stop()).toEqual({ records: 0, hangs: false });
    await pipeline.ended();
    return listener;
  }

  /** Exported rows of an entity by `<tool>:<id>`. */
  async rows(config: Config, entity: EntityName): Promise<Rows> {
    const store = await openStore(storeSettings(config));
    try {
      const rows = new Map<string, Record<string, unknown>>();
      for await (const row of exportedRows(store, entity, { includeDeleted: false }))
        rows.set(`${row.tool}:${row.id}`, row);
      return rows;
    } finally {
      await store.close();
    }
  }

  async allRows(config: Config): Promise<Record<string, [string, Record<string, unknown>][]>> {
    const all: Record<string, [string, Record<string, unknown>][]> = {};
    for (const entity of ENTITY_NAMES) all[entity] = [...(await this.rows(config, entity))].sort();
    return all;
  }

  /** Every row and every mapped column as the sources ended, what comes from other rows included. */
  async expectTruth(config: Config): Promise<void> {
    for (const entity of ENTITY_NAMES) {
      const found = differences(entity, await this.rows(config, entity));
      expect({ entity, differences: found }).toEqual({ entity, differences: [] });
    }
  }

  /** Runs the command line beside this process, on the same broker and store. */
  command(config: Config, args: readonly string[]): ChildProcess & { readonly output: () => string } {
    const set = {
      'kafka.brokers': this.broker.address,
      'kafka.groupId': config.kafka.groupId,
      // The embedded broker forgets a member that has left only when its session ends; a first join takes three seconds.
      'kafka.consumer.sessionTimeoutMs': '4000',
      'kafka.consumer.heartbeatIntervalMs': '200',
      'store.kind': 'embedded',
      'store.embedded.path': config.store.embedded.path,
      'workers.count': String(WORKERS),
      'management.port': '0',
      'log.level': 'info',
      'log.format': 'json',
    };
    const flags = Object.entries(set).flatMap(([key, text]) => ['--set', `${key}=${text}`]);
    const child = spawn(
      process.execPath,
      ['--import', 'tsx', 'src/cli/openframe-stream.ts', ...args, ...flags],
      {
        stdio: ['ignore', 'pipe', 'pipe'],
        env: { ...process.env, NODE_NO_WARNINGS: '1' },
      },
    );
    let text = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
    return Object.assign(child, { output: () => text });
  }
}

export function exited(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve(child.exitCode);
  return new Promise((resolve) => child.once('exit', (code) => resolve(code)));
}

/** A generator of numbers in [0, 1) that a seed repeats (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
