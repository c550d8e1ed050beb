import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from 'cassandra-driver';
import { stringify } from 'yaml';
import type { Handover } from './hand-overs.ts';
import { KafkaTopics, type RawRecord } from './kafka-topics.ts';
import { RunProcess } from './run-process.ts';
import { serverFolder } from './runs.ts';
import { runProgram } from './service.ts';

export interface StageOptions {
  readonly kafka: string;
  readonly cassandra: string;
  /** Partitions of the sites' topic. */
  readonly partitions: number;
  readonly handover: Handover;
  /** Of the configuration, by its names. */
  readonly consumer?: Readonly<Record<string, number>>;
  readonly pipeline?: Readonly<Record<string, number>>;
}

/** Group members that were killed are given up after this time. */
const SESSION = { sessionTimeoutMs: 6000, heartbeatIntervalMs: 500 };
const FIRST_LSN = 1_000_000;
const ROWS_PER_PAGE = 5000;

/**
 * One service over real servers with a keyspace, a group, topics and row ids of its own, so that tests share servers without seeing
 * each other; and a table, Tactical's sites, whose rows are changed again and again.
 */
export class Stage {
  readonly topics: KafkaTopics;
  readonly group: string;
  /** The topic of the sites. */
  readonly topic: string;
  readonly configFile: string;
  readonly #options: StageOptions;
  readonly #keyspace: string;
  readonly #firstId = 1_000_000 + Math.floor(Math.random() * 1_000_000) * 1000;
  readonly #runs: RunProcess[] = [];
  readonly #client: Client;
  readonly #changes = new Map<number, number>();

  private constructor(options: StageOptions, topics: KafkaTopics) {
    const name = `stage_${process.pid}_${Math.floor(Math.random() * 1e6)}`;
    this.#options = options;
    this.topics = topics;
    this.group = name;
    this.#keyspace = name;
    this.topic = `${name}.public.clients_site`;
    this.configFile = join(serverFolder('service'), 'openframe-stream.yaml');
    this.#client = new Client({ contactPoints: [options.cassandra], localDataCenter: 'datacenter1' });
    const config = {
      kafka: {
        brokers: [options.kafka],
        groupId: this.group,
        consumer: { ...SESSION, ...options.consumer },
      },
      sources: [{ name: 'tactical-postgres-cdc', tool: 'tactical-rmm', topicPrefix: name }],
      store: { cassandra: { contactPoints: [options.cassandra], keyspace: this.#keyspace } },
      workers: { count: 1 },
      pipeline: options.pipeline ?? {},
      handover: options.handover,
      management: { port: 0 },
    };
    writeFileSync(this.configFile, stringify(config));
  }

  /** Topics, keyspace and tables are there then. */
  static async open(options: StageOptions): Promise<Stage> {
    const stage = new Stage(options, await KafkaTopics.connect(options.kafka));
    await stage.topics.make(stage.topic, options.partitions);
    runProgram(['schema', 'apply', '--config', stage.configFile]);
    runProgram(['topics', 'apply', '--config', stage.configFile]);
    return stage;
  }

  /** Ends whatever still runs. */
  async close(): Promise<void> {
    for (const run of this.#runs) await run.kill9();
    await this.topics.close();
    await this.#client.shutdown();
    const { handover } = this.#options;
    for (const run of this.#runs)
      if (run.logged('management port open') > 0 && run.logged(`"${handover} hand-over"`) !== 1)
        throw new Error(`a service of this suite did not work with the ${handover} hand-over`);
  }

  run(...args: readonly string[]): RunProcess {
    const run = new RunProcess(['--config', this.configFile, ...args]);
    this.#runs.push(run);
    return run;
  }

  /** A change of one site, numbered by the caller's order; `name` becomes the row's name. */
  change(row: number, name: string): RawRecord {
    const id = this.#firstId + row;
    const change = (this.#changes.get(row) ?? 0) + 1;
    this.#changes.set(row, change);
    const after = {
      id,
      name,
      client_id: this.#firstId,
      created_time: '2026-01-02T03:04:05Z',
      modified_time: null,
    };
    const lsn = FIRST_LSN + change * 1000;
    const source = { connector: 'postgresql', name: 'stage', ts_ms: Date.now(), table: 'clients_site', lsn };
    const value = { before: null, after, source, op: change === 1 ? 'c' : 'u', ts_ms: Date.now() };
    return {
      topic: this.topic,
      partition: row % this.#options.partitions,
      key: Buffer.from(JSON.stringify({ id })),
      value: Buffer.from(JSON.stringify(value)),
    };
  }

  /** `rounds` changes of each of `rows` sites, in rounds; the last one gives the name `round <n>`. */
  changes(rows: number, rounds: number): RawRecord[] {
    const records: RawRecord[] = [];
    for (let round = 1; round <= rounds; round += 1)
      for (let row = 0; row < rows; row += 1) records.push(this.change(row, `round ${round}`));
    return records;
  }

  /** Number of rows by their name. */
  async rowsByName(): Promise<Record<string, number>> {
    const query = `SELECT name, deleted FROM ${this.#keyspace}.sites`;
    const rows = await this.#client.execute(query, [], { fetchSize: ROWS_PER_PAGE });
    const counts: Record<string, number> = {};
    for await (const { name, deleted } of rows) {
      const shown = deleted === true ? 'deleted' : String(name);
      counts[shown] = (counts[shown] ?? 0) + 1;
    }
    return counts;
  }

  /** Analytics records of this stage's sites: how many, and how many different changes they tell of. */
  async analytics(): Promise<{ readonly records: number; readonly changes: number }> {
    const changes = new Set<string>();
    let records = 0;
    for (const { key, value } of await this.topics.read('site-analytics')) {
      const id = Number(String(key).replace('tactical-rmm:', '')) - this.#firstId;
      if (!this.#changes.has(id) || value === null) continue;
      const { version } = JSON.parse(value.toString()) as { readonly version: string };
      records += 1;
      // What follows the point counts completions: a change that a crash had done again is still one change.
      changes.add(`${id} ${version.split('.', 1)[0]}`);
    }
    return { records, changes: changes.size };
  }

  async deadLetters(): Promise<number> {
    return (await this.topics.read(`${this.topic}.DLQ`)).length;
  }
}
