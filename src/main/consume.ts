import Kafka, {
  type ConsumerGlobalConfig,
  type ConsumerTopicConfig,
  type KafkaConsumer,
  type LibrdKafkaError,
  type Message,
  type TopicPartition,
} from 'node-rdkafka';
import { assert } from '../shared/assert.ts';
import { DependencyError, messageOf } from '../shared/errors.ts';
import { IDLE_WAIT_MS } from './handover/intake.ts';
import { Seldom } from './seldom.ts';
import { within } from './within.ts';

/** librdkafka's codes of the rebalance callback. */
const ASSIGN_PARTITIONS = -175;
const REVOKE_PARTITIONS = -174;
/** Of a poll: a subscribed topic does not exist. */
export const UNKNOWN_TOPIC = 3;

/** librdkafka revokes without asking a broker, but on a busy machine it may take its time; partitions that stay would not be committed. */
const REVOKE_WITHIN_MS = 10_000;
/** librdkafka holds a commit back for `session.timeout.ms` and longer while it has no coordinator. */
const LAST_COMMIT_WITHIN_MS = 5000;

interface Offset {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}

export interface ConsumerEvents {
  assigned(partitions: readonly TopicPartition[]): void;
  /** Resolves when the partitions have drained and their frontier is committed, or when the time for it is over. */
  revoked(partitions: readonly TopicPartition[]): Promise<void>;
  committed(error: Error | null, partitions: readonly Offset[]): void;
  log(level: 'warn' | 'error' | 'info' | 'debug', message: string): void;
  /** A partition was read to its present end. */
  ended(end: Offset): void;
}

export interface ConsumerSettings {
  readonly global: ConsumerGlobalConfig;
  readonly topic: ConsumerTopicConfig;
  readonly connectTimeoutMs: number;
}

/**
 * The librdkafka consumer: polling, pausing, committing, and the cooperative rebalance, in which a partition is drained before it
 * is given up. One poll is under way at a time, and no rebalance is dealt with during one: whatever a poll brings belongs to the
 * assignment that it began with.
 */
export class RecordConsumer {
  readonly #consumer: KafkaConsumer;
  readonly #events: ConsumerEvents;
  readonly #settings: ConsumerSettings;
  #revocations = 0;
  #polling = false;
  /** Rebalances that came during a poll. */
  #rebalances: (() => void)[] = [];
  #idle = true;
  #lastReason = '';

  constructor(settings: ConsumerSettings, events: ConsumerEvents) {
    this.#settings = settings;
    this.#events = events;
    this.#consumer = new Kafka.KafkaConsumer(
      {
        ...settings.global,
        event_cb: true,
        rebalance_cb: (error: LibrdKafkaError, partitions: TopicPartition[]) =>
          this.#betweenPolls(() => this.#rebalance(error, partitions)),
        offset_commit_cb: (error: LibrdKafkaError | null, partitions: Offset[]) =>
          events.committed(error ? new Error(error.message) : null, partitions),
      },
      settings.topic,
    );
    this.#consumer.on('partition.eof', (end) => events.ended(end));
    const seldom = new Seldom();
    this.#consumer.on('event.error', ({ message }) => {
      if (seldom.isDue(message)) events.log('warn', `consumer: ${message}`);
    });
    this.#consumer.on('event.log', (entry: { fac?: string; message?: string }) => {
      // Why a connection failed stands in these lines only; the error itself is a bare "broker transport failure".
      if (entry.fac === 'FAIL' || entry.fac?.startsWith('SSL')) this.#lastReason = entry.message ?? '';
    });
  }

  /** Rejects with a DependencyError that says why no broker answered. */
  async connect(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#consumer.connect({ timeout: this.#settings.connectTimeoutMs }, (error) => {
        if (error === null || error === undefined) resolve();
        else reject(new DependencyError(`no Kafka broker answers: ${this.#lastReason || error.message}`));
      });
    });
  }

  /** node-rdkafka's client, for the native hand-over. */
  get client(): KafkaConsumer {
    return this.#consumer;
  }

  subscribe(patterns: readonly (string | RegExp)[]): void {
    this.#consumer.subscribe([...patterns]);
  }

  /** Polls by `poll`, which ends when what it brought is where it belongs. */
  async polling<Brought>(poll: () => Promise<Brought>): Promise<Brought> {
    assert(!this.#polling, 'one poll at a time');
    this.#polling = true;
    try {
      return await poll();
    } finally {
      this.#polling = false;
      for (const rebalance of this.#rebalances.splice(0)) rebalance();
    }
  }

  /**
   * Up to `max` records as objects; within `polling`. Waits for the first one when the last poll found nothing, and then takes only
   * what is ready: a poll that waited for each further record would hold a slow trickle back until it had a full batch.
   */
  async poll(max: number): Promise<Message[]> {
    this.#consumer.setDefaultConsumeTimeout(this.#idle ? IDLE_WAIT_MS : 0);
    const messages = await new Promise<Message[]>((resolve, reject) => {
      this.#consumer.consume(this.#idle ? 1 : max, (error, found) => {
        // A pattern that matches no topic yet says so once in a while: the topic may still come.
        if (error?.code === UNKNOWN_TOPIC) resolve([]);
        else if (error) reject(new Error(error.message));
        else resolve(found);
      });
    });
    this.#idle = messages.length === 0;
    return messages;
  }

  pause(partitions: readonly TopicPartition[]): void {
    if (partitions.length > 0) this.#consumer.pause([...partitions]);
  }

  resume(partitions: readonly TopicPartition[]): void {
    if (partitions.length > 0) this.#consumer.resume([...partitions]);
  }

  /** Asks the broker to note these offsets; the answer comes to `committed`. */
  commit(offsets: readonly Offset[]): void {
    this.#consumer.commit([...offsets]);
  }

  /**
   * Resolves when the broker has noted these offsets; rejects with what it says, or when it says nothing in time. The answer comes
   * with a poll, so somebody has to poll meanwhile: node-rdkafka's commitSync would block the thread instead, signals and all, for as
   * long as no broker answers.
   */
  async commitFully(offsets: readonly Offset[]): Promise<void> {
    if (offsets.length === 0) return;
    const left = new Set(offsets.map(placeOf));
    let heard: (error: LibrdKafkaError | null, partitions: readonly Offset[]) => void = () => undefined;
    const answered = new Promise<void>((resolve, reject) => {
      heard = (error, partitions) => {
        for (const one of partitions) left.delete(placeOf(one));
        if (left.size > 0) return;
        if (error) reject(new Error(error.message));
        else resolve();
      };
    });
    this.#consumer.on('offset.commit', heard);
    try {
      this.commit(offsets);
      if (!(await within(LAST_COMMIT_WITHIN_MS, answered))) throw new Error('no broker answers');
    } finally {
      this.#consumer.off('offset.commit', heard);
    }
  }

  /** Newest offset known for a partition, or null before the first fetch. No round trip. */
  highWatermark(topic: string, partition: number): number | null {
    try {
      const { highOffset } = this.#consumer.getWatermarkOffsets(topic, partition);
      return highOffset < 0 ? null : highOffset;
    } catch {
      return null;
    }
  }

  /** Gives all partitions up through the same drain as a rebalance. */
  async unsubscribe(): Promise<void> {
    if (!this.#consumer.isConnected()) return;
    this.#consumer.unsubscribe();
    const deadline = Date.now() + REVOKE_WITHIN_MS;
    // The revocation that unsubscribe causes is served by a poll, and so is the commit at its end.
    while (this.#revocations > 0 || (Date.now() < deadline && this.#assignments() > 0)) {
      this.#idle = false;
      await this.polling(() => this.poll(1)).catch(() => []);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  /** Leaves the group. Never ends while no broker answers. */
  async disconnect(): Promise<void> {
    if (!this.#consumer.isConnected()) return;
    await new Promise<void>((resolve) => this.#consumer.disconnect(() => resolve()));
  }

  #assignments(): number {
    try {
      return this.#consumer.assignments().length;
    } catch {
      return 0;
    }
  }

  #betweenPolls(rebalance: () => void): void {
    if (this.#polling) this.#rebalances.push(rebalance);
    else rebalance();
  }

  #rebalance(error: LibrdKafkaError, partitions: TopicPartition[]): void {
    if (error.code === ASSIGN_PARTITIONS) {
      this.#consumer.incrementalAssign(partitions);
      this.#events.assigned(partitions);
    } else if (error.code === REVOKE_PARTITIONS) {
      this.#revoke(partitions).catch((reason: unknown) =>
        this.#events.log('error', `rebalance: ${messageOf(reason)}`),
      );
    } else {
      this.#events.log('error', `rebalance: ${error.message}`);
    }
  }

  async #revoke(partitions: TopicPartition[]): Promise<void> {
    this.#revocations += 1;
    try {
      await this.#events.revoked(partitions);
    } finally {
      this.#revocations -= 1;
      try {
        this.#consumer.incrementalUnassign(partitions);
      } catch (error) {
        this.#events.log('debug', `unassign: ${messageOf(error)}`);
      }
    }
  }
}

const placeOf = ({ topic, partition, offset }: Offset): string => `${topic} ${partition} ${offset}`;
