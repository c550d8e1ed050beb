import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { type ExpectedEntity, type ExpectedRow, expectedRows } from '../truth/expected-rows.ts';
import { captured, fixture, MAIN_CAPTURES, SOURCES } from '../workers/captures.ts';
import { KafkaTopics } from './kafka-topics.ts';
import { serverFolder } from './runs.ts';
import { runProgram } from './service.ts';
import { describeStack, sharedCassandra, sharedKafka } from './stack.ts';

/** Of other rows, which may come later: they are right where they are filled. */
const FROM_OTHER_ROWS: Readonly<Record<string, readonly string[]>> = {
  organisation: [],
  site: ['organisation_name'],
  device: ['organisation_id', 'organisation_name', 'site_name'],
  user: ['role'],
};
const ENTITIES = ['organisation', 'site', 'device', 'user'] as const;
const IDLE_S = 3;

describeStack('the captured run over real Kafka and Cassandra', ['kafka', 'cassandra'], () => {
  const run = `truth_${process.pid}_${Math.floor(Math.random() * 1e6)}`;
  const configFile = join(serverFolder('service'), 'openframe-stream.yaml');
  const topicMap: string[] = [];
  const deadLetterTopics: string[] = [];
  let topics: KafkaTopics;

  beforeAll(async () => {
    topics = await KafkaTopics.connect(sharedKafka());
    const names = new Set<string>();
    for (const capture of MAIN_CAPTURES) for (const { topic } of await captured(capture)) names.add(topic);
    // Prefixes of this run's own, so that tests on one broker do not see each other's records.
    for (const name of names) topicMap.push('--topic-map', `${name}=${run}${name}`);
    const config = {
      kafka: { brokers: [sharedKafka()], groupId: run },
      sources: SOURCES.map((source) => ({ ...source, topicPrefix: run + source.topicPrefix })),
      store: { cassandra: { contactPoints: [sharedCassandra()], keyspace: run } },
      management: { port: 0 },
    };
    writeFileSync(configFile, stringify(config));
    takeIn();
    const plan: readonly { readonly topic: string }[] = JSON.parse(
      program('topics', 'plan', '--output', 'json'),
    );
    deadLetterTopics.push(...plan.map(({ topic }) => topic).filter((topic) => topic.startsWith(run)));
  });

  afterAll(() => topics?.close());

  function program(...args: readonly string[]): string {
    return runProgram([...args, '--config', configFile]);
  }

  /** Everything once more, from the captures to the rows. */
  function takeIn(): void {
    program('feed', ...MAIN_CAPTURES.map(fixture), ...topicMap);
    program('schema', 'apply');
    program('topics', 'apply');
    program('run', '--until-idle', String(IDLE_S));
  }

  function exported(entity: ExpectedEntity): ExpectedRow[] {
    const lines = program('export', entity).trimEnd().split('\n');
    return lines.map((line): ExpectedRow => JSON.parse(line));
  }

  function expectTruth(entity: (typeof ENTITIES)[number]): void {
    const expected = expectedRows(entity);
    const rows = exported(entity);
    expect(rows.map((row) => `${row.tool}:${row.id}`).sort()).toEqual([...expected.keys()].sort());
    for (const { source_ts: _, ...row } of rows) {
      const truth = { ...expected.get(`${row.tool}:${row.id}`) };
      // A MeshCentral node's place is its Tactical agent's, which nothing links to it yet.
      const unlinked = row.tool === 'meshcentral' ? ['site_id'] : [];
      for (const column of [...(FROM_OTHER_ROWS[entity] ?? []), ...unlinked])
        if (row[column] === undefined) delete truth[column];
      expect(row).toEqual(truth);
    }
  }

  test.each(ENTITIES)('gives every row of %s as its source ended, in every mapped column', expectTruth);

  test('gives the same rows when everything comes a second time', () => {
    takeIn();
    for (const entity of ENTITIES) expectTruth(entity);
  });

  test('leaves no dead letter', async () => {
    expect(deadLetterTopics.length).toBeGreaterThan(10);
    for (const topic of deadLetterTopics) expect(await topics.read(topic)).toEqual([]);
  });
});
