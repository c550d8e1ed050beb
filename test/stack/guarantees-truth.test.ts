import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { ENTITY_NAMES, type EntityName } from '../../src/shared/entity.ts';
import { type ComparedRow, differences } from '../truth/differences.ts';
import { captured, fixture, MAIN_CAPTURES, SOURCES } from '../workers/captures.ts';
import { HANDOVERS } from './hand-overs.ts';
import { KafkaTopics } from './kafka-topics.ts';
import { serverFolder } from './runs.ts';
import { runProgram } from './service.ts';
import { describeStack, sharedCassandra, sharedKafka } from './stack.ts';

const IDLE_S = 3;

for (const handover of HANDOVERS) {
  describeStack(
    `the captured run over real Kafka and Cassandra, ${handover} hand-over`,
    ['kafka', 'cassandra'],
    () => {
      const run = `truth_${process.pid}_${Math.floor(Math.random() * 1e6)}`;
      const configFile = join(serverFolder('service'), 'openframe-stream.yaml');
      const topicMap: string[] = [];
      const deadLetterTopics: string[] = [];
      let topics: KafkaTopics;

      beforeAll(async () => {
        topics = await KafkaTopics.connect(sharedKafka());
        const names = new Set<string>();
        for (const capture of MAIN_CAPTURES)
          for (const { topic } of await captured(capture)) names.add(topic);
        // Prefixes of this run's own, so that tests on one broker do not see each other's records.
        for (const name of names) topicMap.push('--topic-map', `${name}=${run}${name}`);
        const config = {
          kafka: { brokers: [sharedKafka()], groupId: run },
          sources: SOURCES.map((source) => ({ ...source, topicPrefix: run + source.topicPrefix })),
          store: { cassandra: { contactPoints: [sharedCassandra()], keyspace: run } },
          management: { port: 0 },
          handover,
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
        expect(program('run', '--until-idle', String(IDLE_S))).toContain(`"${handover} hand-over"`);
      }

      /** Rows of an entity by `<tool>:<id>`. */
      function exported(entity: EntityName): Map<string, ComparedRow> {
        const lines = program('export', entity).split('\n');
        const rows = lines.filter((line) => line !== '').map((line): ComparedRow => JSON.parse(line));
        return new Map(rows.map((row) => [`${row.tool}:${row.id}`, row]));
      }

      function expectTruth(entity: EntityName): void {
        const found = differences(entity, exported(entity));
        expect({ entity, differences: found }).toEqual({ entity, differences: [] });
      }

      test.each(ENTITY_NAMES)(
        'gives every row of %s as its source ended, in every mapped column',
        expectTruth,
      );

      test('gives the same rows when everything comes a second time', () => {
        takeIn();
        for (const entity of ENTITY_NAMES) expectTruth(entity);
      });

      test('leaves no dead letter', async () => {
        expect(deadLetterTopics.length).toBeGreaterThan(10);
        for (const topic of deadLetterTopics) expect(await topics.read(topic)).toEqual([]);
      });
    },
  );
}
