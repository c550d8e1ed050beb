import { setTimeout as sleep } from 'node:timers/promises';
import Kafka, { type Metadata, type Producer } from 'node-rdkafka';
import { must } from '../shared/assert.ts';
import { DependencyError } from '../shared/errors.ts';
import type { CapturedRecord } from '../shared/record.ts';

const READ_WITHIN_MS = 30_000;
const TOPIC_ATTEMPTS_MAX = 200;

/**
 * librdkafka's mock cluster: a broker on loopback inside this process, good for produce, fetch, groups and commits. It makes
 * topics when it is asked about them, with four partitions, and forgets everything when it is closed.
 */
export class EmbeddedBroker {
  readonly address: string;
  readonly producer: Producer;

  private constructor(address: string, producer: Producer) {
    this.address = address;
    this.producer = producer;
  }

  static async start(): Promise<EmbeddedBroker> {
    const producer = new Kafka.Producer(
      {
        'test.mock.num.brokers': 1,
        'metadata.broker.list': 'embedded',
        'linger.ms': 5,
        'message.max.bytes': 100_000_000,
        'queue.buffering.max.messages': 500_000,
        dr_cb: true,
        'delivery.report.only.error': true,
      } as ConstructorParameters<typeof Kafka.Producer>[0], // the mock's setting is missing in the types
      { 'message.timeout.ms': 30_000 },
    );
    const metadata = await new Promise<Metadata>((resolve, reject) => {
      producer.connect({ timeout: 5000 }, (error, data) => {
        if (error) reject(new DependencyError(`the embedded broker does not start: ${error.message}`));
        else resolve(data);
      });
    });
    const broker = must(metadata.brokers[0], 'embedded broker');
    return new EmbeddedBroker(`${broker.host}:${broker.port}`, producer);
  }

  /** Makes a topic by asking about it; answers its number of partitions. */
  async topic(name: string): Promise<number> {
    for (let attempt = 0; attempt < TOPIC_ATTEMPTS_MAX; attempt += 1) {
      const metadata = await new Promise<Metadata>((resolve, reject) => {
        this.producer.getMetadata({ topic: name, timeout: 5000 }, (error, data) => {
          if (error) reject(new DependencyError(`topic ${name}: ${error.message}`));
          else resolve(data);
        });
      });
      // The answer that makes the topic does not know its partitions yet.
      const partitions = metadata.topics.find((topic) => topic.name === name)?.partitions.length ?? 0;
      if (partitions > 0) return partitions;
      await sleep(5);
    }
    throw new DependencyError(`topic ${name}: the embedded broker does not make it`);
  }

  /** Topics that exist. */
  async existing(): Promise<Set<string>> {
    const metadata = await new Promise<Metadata>((resolve, reject) => {
      this.producer.getMetadata({ allTopics: true, timeout: 5000 }, (error, data) => {
        if (error) reject(new DependencyError(`topics: ${error.message}`));
        else resolve(data);
      });
    });
    return new Set(metadata.topics.map(({ name }) => name));
  }

  /** Everything that a topic holds, by partition and offset. */
  async read(topic: string): Promise<CapturedRecord[]> {
    const partitions = await this.topic(topic);
    const consumer = new Kafka.KafkaConsumer(
      { 'metadata.broker.list': this.address, 'group.id': `read-${topic}`, 'enable.auto.commit': false },
      { 'auto.offset.reset': 'earliest' },
    );
    await new Promise<void>((resolve, reject) => {
      consumer.connect({ timeout: 5000 }, (error) => (error ? reject(new Error(error.message)) : resolve()));
    });
    try {
      const records = await this.#readAll(consumer, topic, partitions);
      return records.sort((a, b) => a.partition - b.partition || a.offset - b.offset);
    } finally {
      await new Promise<void>((resolve) => consumer.disconnect(() => resolve()));
    }
  }

  async #readAll(
    consumer: Kafka.KafkaConsumer,
    topic: string,
    partitions: number,
  ): Promise<CapturedRecord[]> {
    consumer.setDefaultConsumeTimeout(100);
    const expected = await this.#recordsIn(consumer, topic, partitions);
    consumer.assign(Array.from({ length: partitions }, (_, partition) => ({ topic, partition, offset: 0 })));
    const records: CapturedRecord[] = [];
    const deadline = Date.now() + READ_WITHIN_MS;
    while (records.length < expected) {
      if (Date.now() > deadline)
        throw new DependencyError(
          `topic ${topic}: the embedded broker gave ${records.length} of ${expected} records`,
        );
      const messages = await new Promise<Kafka.Message[]>((resolve, reject) => {
        consumer.consume(1000, (error, found) => (error ? reject(new Error(error.message)) : resolve(found)));
      });
      records.push(...messages.map(toCaptured));
    }
    return records;
  }

  /** A silent broker is no sign of a topic's end: a busy machine is silent too. */
  async #recordsIn(consumer: Kafka.KafkaConsumer, topic: string, partitions: number): Promise<number> {
    let records = 0;
    for (let partition = 0; partition < partitions; partition += 1) {
      records += await new Promise<number>((resolve, reject) => {
        consumer.queryWatermarkOffsets(topic, partition, 5000, (error, offsets) => {
          if (error) reject(new DependencyError(`end of topic ${topic}: ${error.message}`));
          else resolve(offsets.highOffset - offsets.lowOffset);
        });
      });
    }
    return records;
  }

  async close(): Promise<void> {
    await new Promise<void>((resolve) => this.producer.disconnect(() => resolve()));
    // The mock's threads end behind disconnect's answer.
    await sleep(10);
  }
}

function toCaptured(message: Kafka.Message): CapturedRecord {
  return {
    topic: message.topic,
    partition: message.partition,
    offset: message.offset,
    timestamp: message.timestamp ?? 0,
    key: message.key === null || message.key === undefined ? null : message.key.toString(),
    value: message.value === null ? null : message.value.toString(),
    headers: (message.headers ?? []).flatMap((header) =>
      Object.entries(header).map(([name, value]): [string, string] => [
        name,
        Buffer.from(value as Buffer).toString(),
      ]),
    ),
  };
}
