import { setTimeout as sleep } from 'node:timers/promises';
import Kafka, { type LibrdKafkaError, type MessageHeader, type Metadata, type Producer } from 'node-rdkafka';
import type { GeneratedRecord } from './generate.ts';

/** Makes topics, fills them, and reads their ends: everything that a bench asks of a broker. */

const QUEUE_FULL = -184;
const ANSWER_MS = 10_000;
const TOPIC_WITHIN_MS = 60_000;

/** Debezium's own headers, as captured: every record of a present connector has them. */
export const CONTEXT_HEADERS: readonly MessageHeader[] = [
  { '__debezium.context.connectorLogicalName': 'tactical' },
  { '__debezium.context.taskId': '0' },
  { '__debezium.context.connectorName': 'postgresql' },
  { '__debezium.context.runId': '01a205b2-adcc-7fbd-81e1-0a75f74f77d3' },
];

export class KafkaLoad {
  readonly address: string;
  readonly #producer: Producer;
  #failure: string | undefined;

  private constructor(address: string, producer: Producer) {
    this.address = address;
    this.#producer = producer;
    producer.on('delivery-report', (error: LibrdKafkaError | null) => {
      if (error) this.#failure = error.message;
    });
    producer.setPollInterval(50);
  }

  /** `lingerMs`: how long a record may wait for others to be sent with it. */
  static async connect(address: string, lingerMs = 20): Promise<KafkaLoad> {
    const producer = new Kafka.Producer(
      {
        'metadata.broker.list': address,
        'compression.codec': 'lz4',
        'linger.ms': lingerMs,
        'queue.buffering.max.messages': 500_000,
        'queue.buffering.max.kbytes': 131_072,
        dr_cb: true,
        'delivery.report.only.error': true,
        // A request that is sent again must not put an older change behind a newer one: whoever writes without a guard would end with it.
        'enable.idempotence': true,
      } as ConstructorParameters<typeof Kafka.Producer>[0], // the report setting is missing in the types
      { partitioner: 'murmur2_random' },
    );
    await new Promise<void>((resolve, reject) => {
      producer.connect({ timeout: ANSWER_MS }, (error) => (error ? reject(error) : resolve()));
    });
    return new KafkaLoad(address, producer);
  }

  async createTopic(topic: string, partitions: number): Promise<void> {
    const admin = Kafka.AdminClient.create({ 'metadata.broker.list': this.address });
    const wanted = { topic, num_partitions: partitions, replication_factor: 1 };
    await new Promise<void>((resolve, reject) => {
      admin.createTopic(wanted, ANSWER_MS, (error) => (error ? reject(error) : resolve()));
    });
    admin.disconnect();
    // A broker makes a thousand partitions one after another.
    const deadline = performance.now() + TOPIC_WITHIN_MS;
    while ((await this.partitions(topic)) < partitions) {
      if (performance.now() > deadline) throw new Error(`topic ${topic} does not appear`);
      await sleep(50);
    }
  }

  async partitions(topic: string): Promise<number> {
    const metadata = await new Promise<Metadata>((resolve, reject) => {
      this.#producer.getMetadata({ topic, timeout: ANSWER_MS }, (error, data) =>
        error ? reject(error) : resolve(data),
      );
    });
    return metadata.topics.find(({ name }) => name === topic)?.partitions.length ?? 0;
  }

  async send(
    topic: string,
    record: { readonly key: string; readonly value: string | Buffer },
    partition: number | null,
    headers?: readonly MessageHeader[],
    timestamp?: number,
  ): Promise<void> {
    const value = typeof record.value === 'string' ? Buffer.from(record.value) : record.value;
    for (;;) {
      try {
        this.#producer.produce(
          topic,
          partition,
          value,
          record.key,
          timestamp,
          undefined,
          headers && [...headers],
        );
        return;
      } catch (error) {
        if ((error as LibrdKafkaError).code !== QUEUE_FULL) throw error;
        this.#producer.poll();
        await sleep(5);
      }
    }
  }

  /** Fills a topic with `count` records, of which `record` answers each by its number from 0. */
  async fill(
    topic: string,
    count: number,
    record: (index: number) => GeneratedRecord,
    headers?: readonly MessageHeader[],
  ): Promise<void> {
    for (let index = 0; index < count; index += 1) {
      await this.send(topic, record(index), null, headers);
      if (index % 5000 === 0) await sleep(0);
    }
    await this.flush();
  }

  async flush(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#producer.flush(60_000, (error) => (error ? reject(error) : resolve()));
    });
    await sleep(20);
    if (this.#failure !== undefined) throw new Error(`a record was refused: ${this.#failure}`);
  }

  /** Sum of the partitions' ends, and of their beginnings: a mock broker forgets its oldest records. */
  async ends(topic: string, partitions: number): Promise<{ readonly low: number; readonly high: number }> {
    const sums = { low: 0, high: 0 };
    for (const { lowOffset, highOffset } of await this.#allWatermarks(topic, partitions)) {
      sums.low += lowOffset;
      sums.high += highOffset;
    }
    return sums;
  }

  async endOfEach(topic: string, partitions: number): Promise<number[]> {
    return (await this.#allWatermarks(topic, partitions)).map(({ highOffset }) => highOffset);
  }

  #allWatermarks(topic: string, partitions: number): Promise<{ lowOffset: number; highOffset: number }[]> {
    return Promise.all(
      Array.from({ length: partitions }, (_, partition) => this.#watermarks(topic, partition)),
    );
  }

  #watermarks(topic: string, partition: number): Promise<{ lowOffset: number; highOffset: number }> {
    return new Promise((resolve, reject) => {
      this.#producer.queryWatermarkOffsets(topic, partition, ANSWER_MS, (error, offsets) =>
        error ? reject(error) : resolve(offsets),
      );
    });
  }

  async close(): Promise<void> {
    await new Promise<void>((resolve) => this.#producer.disconnect(() => resolve()));
  }
}

/** Reads what a group has committed, without joining it. */
export class GroupOffsets {
  readonly #consumer: Kafka.KafkaConsumer;

  private constructor(consumer: Kafka.KafkaConsumer) {
    this.#consumer = consumer;
  }

  static async connect(address: string, group: string): Promise<GroupOffsets> {
    const consumer = new Kafka.KafkaConsumer(
      { 'metadata.broker.list': address, 'group.id': group, 'enable.auto.commit': false },
      {},
    );
    await new Promise<void>((resolve, reject) => {
      consumer.connect({ timeout: ANSWER_MS }, (error) => (error ? reject(error) : resolve()));
    });
    return new GroupOffsets(consumer);
  }

  /** Sum over all partitions. */
  async committed(topic: string, partitions: number): Promise<number> {
    return (await this.each(topic, partitions)).reduce((sum, offset) => sum + offset, 0);
  }

  /** By partition; 0 where nothing was committed. */
  async each(topic: string, partitions: number): Promise<number[]> {
    const all = Array.from({ length: partitions }, (_, partition) => ({ topic, partition }));
    const found = await this.#committed(all);
    const offsets = new Array<number>(partitions).fill(0);
    for (const place of found) {
      const { partition, offset } = place as { readonly partition: number; readonly offset?: number };
      // Negative, or absent, where nothing was committed.
      offsets[partition] = Math.max(0, Number(offset)) || 0;
    }
    return offsets;
  }

  /** Of a broker that has just begun the group's coordinator may be on its way still: nothing is committed then. */
  async #committed(all: readonly Kafka.TopicPartition[]): Promise<readonly object[]> {
    return await new Promise<readonly object[]>((resolve, reject) => {
      this.#consumer.committed([...all], ANSWER_MS, (error, offsets) => {
        if (error && NO_COORDINATOR.has(error.code)) resolve([]);
        else if (error) reject(error);
        else resolve(offsets);
      });
    });
  }

  async close(): Promise<void> {
    await new Promise<void>((resolve) => this.#consumer.disconnect(() => resolve()));
  }
}

const { ERR_GROUP_LOAD_IN_PROGRESS, ERR_GROUP_COORDINATOR_NOT_AVAILABLE, ERR_NOT_COORDINATOR_FOR_GROUP } =
  Kafka.CODES.ERRORS;
const NO_COORDINATOR = new Set<number>([
  ERR_GROUP_LOAD_IN_PROGRESS,
  ERR_GROUP_COORDINATOR_NOT_AVAILABLE,
  ERR_NOT_COORDINATOR_FOR_GROUP,
]);
