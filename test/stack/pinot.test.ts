import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { KafkaSession } from '../../src/cli/kafka-session.ts';
import { PinotController } from '../../src/cli/pinot/controller.ts';
import { applyPinot, planPinot } from '../../src/cli/pinot/plan.ts';
import { RecordProducer } from '../../src/cli/record-producer.ts';
import { existingTopics, planTopics } from '../../src/cli/topics-plan.ts';
import { type Config, loadConfig } from '../../src/main/config.ts';
import { must } from '../../src/shared/assert.ts';
import type { Columns } from '../../src/shared/entity.ts';
import { encodeRow } from '../../src/workers/analytics-record.ts';
import type { Row } from '../../src/workers/stores/store.ts';
import { sharedKafka } from './stack.ts';

/**
 * Over a real Pinot, whose servers no registry has: it is started by hand, empty, where it reaches the tests' Kafka on loopback. The
 * definitions of this test are those of the product, so never name a Pinot that anybody else uses.
 */
const CONTROLLER = process.env.PINOT_CONTROLLER_URL;
const BROKER = process.env.PINOT_BROKER_URL;
const MISSING = CONTROLLER === undefined || BROKER === undefined;
const WHY = MISSING ? ' (skipped: it needs PINOT_CONTROLLER_URL and PINOT_BROKER_URL)' : '';

const SHOWN_WITHIN_MS = 120_000;
const NOW = Date.UTC(2026, 8, 2, 12, 0, 0, 123);
/** Ids of this run alone: rows of an earlier one may be there. */
const RUN = `run-${Date.now()}`;

function row(id: string, version: string, columns: Columns, deleted = false): Row {
  return {
    entity: 'device',
    tool: 'fleet-mdm',
    id: `${RUN}:${id}`,
    deleted,
    versions: { main: version },
    sourceTs: { main: NOW },
    columns,
  };
}

const FULL: Columns = {
  hostname: 'PC-1',
  description: 'ö'.repeat(2000),
  memory_bytes: 9007199254740993n,
  disk_free_gb: '0.10',
  online: true,
  last_seen: NOW,
  tags: ['a', 'b'],
};

describe.skipIf(MISSING)(`a real Pinot${WHY}`, () => {
  let config: Config;
  let controller: PinotController;
  let session: KafkaSession;
  let producer: RecordProducer;

  beforeAll(async () => {
    config = loadConfig(
      {},
      {
        OPENFRAME_STREAM_PINOT__CONTROLLER_URL: must(CONTROLLER, 'PINOT_CONTROLLER_URL'),
        OPENFRAME_STREAM_KAFKA__BROKERS: sharedKafka(),
        OPENFRAME_STREAM_KAFKA__TOPICS__ANALYTICS_PARTITIONS: '3',
      },
    ).config;
    controller = new PinotController(config);
    session = await KafkaSession.open(config);
    producer = new RecordProducer(session.producer);
    for (const { action, topic, wanted } of planTopics(existingTopics(await session.topics()), config)) {
      if (action === 'create') await session.createTopic(topic, wanted);
    }
    await applyPinot(controller, await planPinot(config, controller));
  });

  afterAll(async () => {
    await session?.close();
    await controller?.close();
  });

  async function produce(rows: readonly Row[]): Promise<void> {
    for (const one of rows) {
      const about = { operation: 'update', facet: 'main', sourceTs: NOW } as const;
      const { topic, key, value } = must(encodeRow(one, about, NOW), 'record');
      // Partition -1: the partitioner's choice, as in the service.
      await producer.produce(
        { topic, partition: -1, offset: 0, timestamp: NOW, key, value, headers: [] },
        topic,
      );
    }
    await producer.settle();
  }

  async function select(what: string, where: string): Promise<unknown[]> {
    const sql = `SET enableNullHandling = true; SELECT ${what} FROM devices WHERE ${where} LIMIT 100`;
    const response = await fetch(`${BROKER}/query/sql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ sql }),
    });
    const answer = (await response.json()) as {
      readonly resultTable?: { readonly rows: unknown[] };
      readonly exceptions?: readonly unknown[];
    };
    if (answer.exceptions !== undefined && answer.exceptions.length > 0)
      throw new Error(JSON.stringify(answer.exceptions));
    return answer.resultTable?.rows ?? [];
  }

  /** The first row, once it is as expected or the time is over. */
  async function expectRow(what: string, where: string, expected: unknown): Promise<void> {
    await expect
      .poll(async () => await select(what, where), { timeout: SHOWN_WITHIN_MS, interval: 500 })
      .toEqual(expected);
  }

  const idIs = (id: string): string => `id = '${RUN}:${id}'`;

  test('takes every definition and gives each back as having nothing to change', async () => {
    const steps = await planPinot(config, controller);
    expect(steps.filter(({ action }) => action !== 'keep').map(({ name, what }) => ({ name, what }))).toEqual(
      [],
    );
  });

  test('reads every type as it is written', async () => {
    await produce([row('types', '0000-1', FULL)]);
    const what =
      'hostname, length(description), memory_bytes, disk_free_gb, online, toEpochSeconds(last_seen), tags';
    await expectRow(what, idIs('types'), [
      [
        'PC-1',
        2000,
        expect.anything(), // a number beyond 2^53 does not come through fetch's JSON exactly
        '0.1', // BIG_DECIMAL leaves zeros at the end out
        true,
        Math.floor(NOW / 1000),
        ['a', 'b'],
      ],
    ]);
    await expectRow('count(*)', `${idIs('types')} AND memory_bytes = 9007199254740993`, [[1]]);
    await expectRow('count(*)', `"__key" = 'fleet-mdm:${RUN}:types'`, [[1]]);
  });

  test('shows the greatest version, clears what a newer row does not have, and drops what is deleted', async () => {
    await produce([
      row('cleared', '0000-1', FULL),
      row('cleared', '0000-3', { hostname: 'PC-3' }),
      row('cleared', '0000-2', { ...FULL, hostname: 'PC-2' }),
      row('again', '0000-1', { hostname: 'first' }),
      { ...row('again', '0000-1', { hostname: 'completed' }), completions: 1 },
      row('again', '0000-1', { hostname: 'late' }),
      row('gone', '0000-1', FULL),
      row('gone', '0000-2', {}, true),
      row('end', '0000-1', { hostname: 'end' }),
    ]);
    await expectRow('hostname', idIs('end'), [['end']]);
    await expectRow('hostname, description, last_seen', idIs('cleared'), [['PC-3', null, null]]);
    await expectRow('hostname', idIs('again'), [['completed']]);
    await expectRow('hostname', idIs('gone'), []);
  });
});
