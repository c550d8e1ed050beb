import Kafka from 'node-rdkafka';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { CapturedRecord } from '../../src/shared/record.ts';
import { agentRecord, NOW, POSTGRES, SITE, siteRecord } from '../workers/record-builder.ts';
import { Listener, Trial } from './trial.ts';

const TOPIC = 'tactical.public.clients_site';
let trial: Trial;
beforeAll(async () => {
  trial = await Trial.open();
});
afterAll(() => trial.close());

let lsn = 5000;
function site(id: number, partition: number, after: object = {}): CapturedRecord {
  lsn += 8;
  const source = { ...POSTGRES, lsn };
  return siteRecord(
    { after: { ...SITE, id, name: `S${id}`, ...after }, source },
    { key: `{"id":${id}}`, partition },
  );
}

// The addon takes the null pointer of Buffer.alloc(0) for no value at all; this one has an address.
const EMPTY = Buffer.from('x').subarray(0, 0);

/** Bytes as they are: captured records hold text only. */
async function produceBytes(record: {
  key: Buffer | null;
  value: Buffer | null;
  partition: number;
  headers: { [name: string]: Buffer }[];
}) {
  await trial.broker.topic(TOPIC);
  trial.broker.producer.produce(
    TOPIC,
    record.partition,
    record.value,
    record.key,
    NOW + 7,
    undefined,
    record.headers,
  );
  await new Promise<void>((resolve) => trial.broker.producer.flush(5000, () => resolve()));
}

/** Every record of a topic with its bytes. */
async function readBytes(topic: string): Promise<Kafka.Message[]> {
  const consumer = new Kafka.KafkaConsumer(
    {
      'metadata.broker.list': trial.broker.address,
      'group.id': `bytes-${topic}`,
      'enable.auto.commit': false,
    },
    { 'auto.offset.reset': 'earliest' },
  );
  await new Promise<void>((resolve, reject) => {
    consumer.connect({ timeout: 5000 }, (error) => (error ? reject(new Error(error.message)) : resolve()));
  });
  consumer.setDefaultConsumeTimeout(200);
  consumer.assign([0, 1, 2, 3].map((partition) => ({ topic, partition, offset: 0 })));
  const found: Kafka.Message[] = [];
  for (let idle = 0; idle < 4; ) {
    const messages = await new Promise<Kafka.Message[]>((resolve, reject) => {
      consumer.consume(100, (error, got) => (error ? reject(new Error(error.message)) : resolve(got)));
    });
    idle = messages.length === 0 ? idle + 1 : 0;
    found.push(...messages);
  }
  await new Promise<void>((resolve) => consumer.disconnect(() => resolve()));
  return found;
}

const headersOf = (message: Kafka.Message) =>
  (message.headers ?? []).flatMap((header) =>
    Object.entries(header).map(([name, value]): [string, string] => [
      name,
      Buffer.from(value as Buffer).toString(),
    ]),
  );

describe('bad records between good ones', () => {
  test('land byte for byte on their own partition of the dead letter topic, and the good ones are written', async () => {
    const config = trial.config();
    const raw = Buffer.from([0x7b, 0xff, 0x00, 0x7d]);
    // UTF-8 without NUL: the addon makes text of header values on their way out.
    const odd = [{ trace: Buffer.from('ö\u2028') }, { trace: Buffer.from('second') }];
    await trial.feed([site(1, 0), site(2, 1), site(3, 2)]);
    await produceBytes({ key: Buffer.from('{"id":7}'), value: raw, partition: 0, headers: odd });
    await produceBytes({ key: EMPTY, value: Buffer.from('{"op":'), partition: 1, headers: [] });
    await produceBytes({ key: null, value: Buffer.from('[]'), partition: 2, headers: [] });
    await produceBytes({ key: Buffer.from('k'), value: EMPTY, partition: 3, headers: [] });
    await trial.feed([site(4, 0), site(5, 1), site(6, 2), site(8, 3)]);
    const listener = await trial.run(config);
    expect([...listener.deadLetters].sort()).toEqual([
      'invalid_json',
      'invalid_json',
      'invalid_utf8',
      'not_an_envelope',
    ]);
    expect(listener.acknowledged).toBe(11);
    const rows = await trial.rows(config, 'site');
    expect([...rows.keys()].sort()).toEqual([1, 2, 3, 4, 5, 6, 8].map((id) => `tactical-rmm:${id}`));

    const letters = (await readBytes(`${TOPIC}.DLQ`)).sort((a, b) => a.partition - b.partition);
    expect(letters.map(({ partition, timestamp }) => [partition, timestamp])).toEqual(
      [0, 1, 2, 3].map((at) => [at, NOW + 7]),
    );
    expect(letters.map(({ value }) => value)).toEqual([
      raw,
      Buffer.from('{"op":'),
      Buffer.from('[]'),
      Buffer.alloc(0),
    ]);
    expect(letters[0]?.key).toEqual(Buffer.from('{"id":7}'));
    expect([letters[1]?.key?.length, letters[2]?.key ?? null]).toEqual([0, null]);
    const [first] = letters;
    if (first === undefined) throw new Error('no dead letter');
    const headers = headersOf(first);
    expect(headers.slice(0, 2)).toEqual([
      ['trace', 'ö\u2028'],
      ['trace', 'second'],
    ]);
    expect(Object.fromEntries(headers.slice(2))).toMatchObject({
      '__connect.errors.topic': TOPIC,
      '__connect.errors.partition': '0',
      '__connect.errors.offset': '1',
      '__connect.errors.connector.name': 'tactical-postgres-cdc',
      '__connect.errors.stage': 'VALUE_CONVERTER',
      '__connect.errors.exception.class.name': 'DataException',
      'openframe.dlq.code': 'invalid_utf8',
      'openframe.dlq.attempts': '1',
    });
    // Offsets are committed to the end, bad records included.
    expect((await trial.run(config)).acknowledged).toBe(0);
  });
});

describe('a record of 5 MB', () => {
  test('with a huge column that nothing is mapped from is processed, and so are its neighbours', async () => {
    const config = trial.config();
    const agent = (id: number, after: object) =>
      agentRecord({ id, hostname: `PC-${id}`, ...after }, { key: `{"id":${id}}`, partition: 1 });
    await trial.feed([agent(1, {}), agent(2, { services: 'x'.repeat(5_000_000) }), agent(3, {})]);
    const listener = await trial.run(config, new Listener());
    expect(listener.logs).toEqual([]);
    const rows = await trial.rows(config, 'device');
    expect([1, 2, 3].map((id) => rows.get(`tactical-rmm:${id}`)?.hostname)).toEqual(['PC-1', 'PC-2', 'PC-3']);
    expect(listener.produced['device-analytics']).toBe(3);
  });
});
