import Kafka, {
  type Client,
  type IAdminClient,
  type LibrdKafkaError,
  type Metadata,
  type Producer,
} from 'node-rdkafka';
import type { Config } from '../main/config.ts';
import { adminSettings, producerSettings } from '../main/kafka-settings.ts';
import { DependencyError, messageOf } from '../shared/errors.ts';

/** How long a command waits for a broker's answer. */
const ANSWER_MS = 5000;

/** Reasons that librdkafka logs and does not return: an error after a refused TLS handshake says "broker transport failure" only. */
function collectReasons(client: Client<'event.log' | 'event.error'>): string[] {
  const reasons: string[] = [];
  client.on('event.log', (entry: { readonly fac?: string; readonly message?: string }) => {
    if (/^(FAIL|SSL|SASL)/.test(entry.fac ?? '') && entry.message) reasons.push(entry.message);
  });
  client.on('event.error', () => {}); // without a listener an 'event.error' is lost anyway; the reasons say more
  return reasons;
}

/** The producer's view of the brokers: metadata, and what is produced. Commands need no consumer for either. */
export class KafkaSession {
  readonly producer: Producer;
  readonly reasons: readonly string[];
  readonly #config: Config;
  #admin: IAdminClient | undefined;

  private constructor(config: Config, producer: Producer) {
    this.#config = config;
    this.producer = producer;
    this.reasons = collectReasons(producer);
  }

  /** Connects within five seconds, or throws a DependencyError with the reason that librdkafka logged. */
  static async open(config: Config): Promise<KafkaSession> {
    const { global, topic } = producerSettings(config);
    const brokers = config.kafka.brokers.join(', ');
    let session: KafkaSession;
    try {
      session = new KafkaSession(config, new Kafka.Producer(global, topic));
    } catch (error) {
      // A PEM file that is not there, or a codec that this build does not have.
      throw new DependencyError(
        `Kafka settings are refused: ${messageOf(error)}; see kafka.security and kafka.producer`,
      );
    }
    const failure = await session.#connect();
    if (failure === undefined) return session;
    const reason = session.reasons.at(-1) ?? failure;
    throw new DependencyError(
      `no broker at ${brokers} (kafka.brokers) within ${ANSWER_MS / 1000} s: ${reason}`,
    );
  }

  #connect(): Promise<string | undefined> {
    return new Promise((resolve) => {
      // librdkafka cleans up for up to ten seconds after a failure before it says so.
      const timer = setTimeout(() => resolve('no answer'), ANSWER_MS + 1000);
      this.producer.connect({ allTopics: true, timeout: ANSWER_MS }, (error: LibrdKafkaError | null) => {
        clearTimeout(timer);
        resolve(error ? error.message : undefined);
      });
    });
  }

  /** All topics. Asking for one by name would make it, where brokers make topics by themselves. */
  topics(): Promise<Metadata> {
    return this.#metadata({ allTopics: true, timeout: ANSWER_MS });
  }

  /** One topic, which a broker that makes topics by itself makes now. */
  topic(name: string): Promise<Metadata> {
    return this.#metadata({ topic: name, allTopics: false, timeout: ANSWER_MS });
  }

  #metadata(options: { allTopics?: boolean; topic?: string; timeout: number }): Promise<Metadata> {
    return new Promise((resolve, reject) => {
      this.producer.getMetadata(options, (error: LibrdKafkaError | null, metadata) => {
        if (error) reject(new DependencyError(`the brokers do not tell their topics: ${error.message}`));
        else resolve(metadata);
      });
    });
  }

  createTopic(name: string, partitions: number): Promise<void> {
    // -1 asks for the broker's default.
    const replicas = this.#config.kafka.topics.replicationFactor || -1;
    const topic = { topic: name, num_partitions: partitions, replication_factor: replicas };
    return this.#administer(`topic ${name} cannot be made`, (admin, done) =>
      admin.createTopic(topic, ANSWER_MS, done),
    );
  }

  growTopic(name: string, partitions: number): Promise<void> {
    return this.#administer(`topic ${name} cannot be grown`, (admin, done) =>
      admin.createPartitions(name, partitions, ANSWER_MS, done),
    );
  }

  #administer(
    what: string,
    act: (admin: IAdminClient, done: (error?: LibrdKafkaError) => void) => void,
  ): Promise<void> {
    this.#admin ??= Kafka.AdminClient.create(adminSettings(this.#config));
    const admin = this.#admin;
    return new Promise((resolve, reject) => {
      act(admin, (error) => (error ? reject(new DependencyError(`${what}: ${error.message}`)) : resolve()));
    });
  }

  async close(): Promise<void> {
    this.#admin?.disconnect();
    if (!this.producer.isConnected()) return;
    await new Promise<void>((resolve) => this.producer.disconnect(ANSWER_MS, () => resolve()));
  }
}

/** Opens a session for one piece of work and closes it whatever comes of that. */
export async function withKafka<T>(config: Config, work: (session: KafkaSession) => Promise<T>): Promise<T> {
  const session = await KafkaSession.open(config);
  try {
    return await work(session);
  } finally {
    await session.close();
  }
}
