import Kafka, {
  type KafkaConsumer,
  type LibrdKafkaError,
  type Message,
  type Producer,
  type TopicPartitionOffset,
} from 'node-rdkafka';

/** A record as a test produces it, byte for byte. */
export interface RawRecord {
  readonly topic: string;
  readonly partition: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly timestamp?: number;
  readonly headers?: readonly { readonly [name: string]: Buffer }[];
}

const ANSWER_MS = 30_000;
/** A broker that a test kills is back by then. */
const DELIVERED_WITHIN_MS = 180_000;
const QUEUE_FULL = -184;
const CHECK_MS = 100;
const FEED_STEP_MS = 20;

type Answer<T> = (error: LibrdKafkaError | null | undefined, result: T) => void;

function answerOf<T>(ask: (answer: Answer<T>) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    ask((error, result) => (error ? reject(new Error(error.message)) : resolve(result)));
  });
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** What tests do with topics beside the product: make them, fill them, read them, ask how far a group is. */
export class KafkaTopics {
  readonly broker: string;
  readonly #producer: Producer;
  #failures: string[] = [];

  private constructor(broker: string) {
    this.broker = broker;
    this.#producer = new Kafka.Producer(
      {
        'metadata.broker.list': broker,
        'enable.idempotence': true,
        'linger.ms': 5,
        'queue.buffering.max.messages': 500_000,
        dr_cb: true,
      },
      { 'message.timeout.ms': DELIVERED_WITHIN_MS },
    );
    this.#producer.on('delivery-report', (error) => {
      if (error) this.#failures.push(error.message);
    });
  }

  static async connect(broker: string): Promise<KafkaTopics> {
    const topics = new KafkaTopics(broker);
    await answerOf((answer) => topics.#producer.connect({ timeout: ANSWER_MS }, answer));
    topics.#producer.setPollInterval(50);
    return topics;
  }

  async close(): Promise<void> {
    await new Promise<void>((resolve) => this.#producer.disconnect(2000, () => resolve()));
  }

  async make(topic: string, partitions: number, config: Record<string, string> = {}): Promise<void> {
    const admin = Kafka.AdminClient.create({ 'metadata.broker.list': this.broker });
    const wanted = { topic, num_partitions: partitions, replication_factor: 1, config };
    try {
      await answerOf((answer) => admin.createTopic(wanted, ANSWER_MS, (error) => answer(error, undefined)));
    } finally {
      admin.disconnect();
    }
  }

  /** Resolves when a broker has acknowledged every record. `perSecond` spreads them over time. */
  async produce(records: readonly RawRecord[], perSecond = Number.POSITIVE_INFINITY): Promise<void> {
    const started = performance.now();
    for (const [done, record] of records.entries()) {
      while (done > ((performance.now() - started) / 1000) * perSecond) await sleep(FEED_STEP_MS);
      while (!this.#queued(record)) await sleep(FEED_STEP_MS);
    }
    await answerOf((answer) =>
      this.#producer.flush(DELIVERED_WITHIN_MS, (error) => answer(error, undefined)),
    );
    await sleep(CHECK_MS);
    if (this.#failures.length > 0)
      throw new Error(`${this.#failures.length} records were not taken: ${this.#failures[0]}`);
  }

  #queued({ topic, partition, key, value, timestamp, headers }: RawRecord): boolean {
    try {
      // The binding's types know no tombstone; the binding does.
      this.#producer.produce(topic, partition, value as Buffer, key, timestamp ?? Date.now(), undefined, [
        ...(headers ?? []),
      ]);
      return true;
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === QUEUE_FULL) return false;
      throw error;
    }
  }

  /** Every record of a topic as it stands now. */
  async read(topic: string): Promise<Message[]> {
    return await this.#asGroup(`reading-${process.pid}-${Math.random()}`, async (consumer) => {
      const ends = new Map<number, number>();
      for (const partition of await partitionsOf(consumer, topic)) {
        const { lowOffset, highOffset } = await watermarks(consumer, topic, partition);
        if (highOffset > lowOffset) ends.set(partition, highOffset);
      }
      consumer.assign([...ends.keys()].map((partition) => ({ topic, partition, offset: 0 })));
      const read: Message[] = [];
      const deadline = Date.now() + ANSWER_MS * 2;
      while (ends.size > 0) {
        if (Date.now() > deadline) throw new Error(`${topic}: only ${read.length} records came`);
        const messages = await answerOf<Message[]>((answer) => consumer.consume(1000, answer));
        for (const message of messages) {
          read.push(message);
          if (message.offset + 1 >= (ends.get(message.partition) ?? 0)) ends.delete(message.partition);
        }
      }
      return read;
    });
  }

  /** Committed records and records in all, of the topics' partitions together. */
  async progress(
    group: string,
    topics: readonly string[],
  ): Promise<{ readonly done: number; readonly all: number }> {
    return await this.#asGroup(group, (consumer) => progressOf(consumer, topics));
  }

  /** Waits until a group has committed `records` of these topics; all that there are, unless said otherwise. */
  async untilCommitted(
    group: string,
    topics: readonly string[],
    options: { readonly records?: number; readonly withinMs?: number } = {},
  ): Promise<void> {
    const deadline = Date.now() + (options.withinMs ?? 180_000);
    await this.#asGroup(group, async (consumer) => {
      for (;;) {
        const { done, all } = await progressOf(consumer, topics).catch(() => ({ done: -1, all: 0 }));
        if (done >= (options.records ?? all) && all > 0) return;
        if (Date.now() > deadline) throw new Error(`group ${group} has committed ${done} of ${all} records`);
        await sleep(CHECK_MS);
      }
    });
  }

  /** A consumer that never subscribes is no member of its group: it can ask without being seen. */
  async #asGroup<T>(group: string, use: (consumer: KafkaConsumer) => Promise<T>): Promise<T> {
    const consumer = new Kafka.KafkaConsumer(
      { 'metadata.broker.list': this.broker, 'group.id': group, 'enable.auto.commit': false },
      { 'auto.offset.reset': 'earliest' },
    );
    await answerOf((answer) => consumer.connect({ timeout: ANSWER_MS }, answer));
    try {
      consumer.setDefaultConsumeTimeout(CHECK_MS);
      return await use(consumer);
    } finally {
      await new Promise<void>((resolve) => consumer.disconnect(() => resolve()));
    }
  }
}

async function progressOf(
  consumer: KafkaConsumer,
  topics: readonly string[],
): Promise<{ done: number; all: number }> {
  const places: { topic: string; partition: number }[] = [];
  for (const topic of topics)
    for (const partition of await partitionsOf(consumer, topic)) places.push({ topic, partition });
  const committed = await answerOf<TopicPartitionOffset[]>((answer) =>
    consumer.committed(places, ANSWER_MS, answer),
  );
  let [done, all] = [0, 0];
  for (const { topic, partition, offset } of committed) {
    done += Math.max(0, offset ?? 0);
    all += (await watermarks(consumer, topic, partition)).highOffset;
  }
  return { done, all };
}

async function partitionsOf(consumer: KafkaConsumer, topic: string): Promise<number[]> {
  const metadata = await answerOf<{
    topics: { name: string; partitions: { id: number }[] }[];
  }>((answer) => consumer.getMetadata({ topic, timeout: ANSWER_MS, allTopics: false }, answer));
  const found = metadata.topics.find(({ name }) => name === topic);
  return (found?.partitions ?? []).map(({ id }) => id);
}

function watermarks(
  consumer: KafkaConsumer,
  topic: string,
  partition: number,
): Promise<{ lowOffset: number; highOffset: number }> {
  return answerOf((answer) => consumer.queryWatermarkOffsets(topic, partition, ANSWER_MS, answer));
}
