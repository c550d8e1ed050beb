import { KafkaConsumer, type Message } from 'node-rdkafka';

/** A record as a test looks at it: the exact text of key and value. */
export interface TestRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly key: string | null;
  readonly value: string | null;
}

const WITHIN_MS = 120_000;
const POLL_MS = 200;

/** Reads topics from their beginning until `enough` says so. Topics that do not exist yet are waited for. */
export async function awaitRecords(
  broker: string,
  topics: readonly string[],
  enough: (records: readonly TestRecord[]) => boolean,
): Promise<TestRecord[]> {
  const consumer = new KafkaConsumer(
    {
      'metadata.broker.list': broker,
      'group.id': `awaiting-${process.pid}-${Math.random()}`,
      'enable.auto.commit': false,
      'topic.metadata.refresh.interval.ms': 500,
      'allow.auto.create.topics': false,
    },
    { 'auto.offset.reset': 'earliest' },
  );
  await new Promise<void>((resolve, reject) => {
    consumer.connect({}, (error) => (error ? reject(new Error(error.message)) : resolve()));
  });
  try {
    consumer.setDefaultConsumeTimeout(POLL_MS);
    consumer.subscribe([...topics]);
    return await readUntil(consumer, topics, enough);
  } finally {
    await new Promise<void>((resolve) => consumer.disconnect(() => resolve()));
  }
}

async function readUntil(
  consumer: KafkaConsumer,
  topics: readonly string[],
  enough: (records: readonly TestRecord[]) => boolean,
): Promise<TestRecord[]> {
  // By position: a topic that appears makes the group assign anew, and without commits that begins at the start again.
  const records = new Map<string, TestRecord>();
  const deadline = Date.now() + WITHIN_MS;
  while (!enough([...records.values()])) {
    if (Date.now() > deadline) {
      throw new Error(
        `${topics.join(', ')}: not enough after ${WITHIN_MS / 1000} s, but ${JSON.stringify([...records.values()])}`,
      );
    }
    for (const record of (await consume(consumer)).map(toTestRecord)) {
      records.set(`${record.topic} ${record.partition} ${record.offset}`, record);
    }
  }
  return [...records.values()];
}

function consume(consumer: KafkaConsumer): Promise<Message[]> {
  return new Promise((resolve) => {
    // An error is a topic that is not there yet, or a broker that is away: asked again until the deadline.
    consumer.consume(100, (error, messages) => resolve(error ? [] : messages));
  });
}

function toTestRecord({ topic, partition, offset, key, value }: Message): TestRecord {
  return {
    topic,
    partition,
    offset,
    key: key === null || key === undefined ? null : key.toString(),
    value: value === null ? null : value.toString(),
  };
}
