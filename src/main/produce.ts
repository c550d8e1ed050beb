import Kafka, {
  type DeliveryReport,
  type LibrdKafkaError,
  type Producer,
  type ProducerGlobalConfig,
  type ProducerTopicConfig,
} from 'node-rdkafka';
import { AnalyticsFrameReader, analyticsFrameCount } from '../shared/analytics-frame.ts';
import { assert, must } from '../shared/assert.ts';
import { ENTITIES, ENTITY_NAMES } from '../shared/entity.ts';
import { DependencyError, messageOf } from '../shared/errors.ts';
import { encodeHeaders } from '../shared/record-headers.ts';
import { type FrameProducer, type HandoverAddon, nativeClient } from './handover/native-addon.ts';
import { Seldom } from './seldom.ts';

/** A record to produce. `partition` null: by the key, with Java's partitioner. */
export interface OutgoingRecord {
  readonly topic: string;
  readonly partition: number | null;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly timestamp?: number;
  readonly headers?: readonly { readonly [name: string]: Buffer | null }[];
}

/** A record that a broker or librdkafka refused. Matched by place and size: successful reports are not asked for. */
export interface ProduceFailure {
  readonly topic: string;
  readonly key: string | null;
  readonly bytes: number;
  /** Whether trying again cannot help: too large, or invalid. */
  readonly permanent: boolean;
  readonly message: string;
}

export interface ProducerSettings {
  readonly global: ProducerGlobalConfig;
  readonly topic: ProducerTopicConfig;
  readonly connectTimeoutMs: number;
}

/** By the topic index of analytics frames; empty for an entity without analytics. */
const ANALYTICS_TOPICS = ENTITY_NAMES.map((name) => ENTITIES[name].analyticsTopic ?? '');

export function analyticsTopic(index: number): string {
  const topic = ANALYTICS_TOPICS[index];
  assert(topic !== undefined && topic !== '', `analytics topic of index ${index}`);
  return topic;
}

const FLUSH_TIMEOUT_MS = 10_000;
const QUEUE_FULL = -184;
const PERMANENT = /message size too large|invalid (record|message)|policy violation|message batch too large/i;

/**
 * The librdkafka producer with errors-only delivery reports and a sound barrier: flush, then two turns of the event loop, and only
 * then "no report" means "all acknowledged". A report can come after flush's own callback (docs/decisions/0003).
 */
export class RecordProducer {
  readonly #producer: Producer;
  readonly #settings: ProducerSettings;
  readonly #addon: HandoverAddon | null;
  #native: FrameProducer | null = null;
  #sending: Promise<unknown> = Promise.resolve();
  #failures: ProduceFailure[] = [];
  #lastReason = '';
  /** Records given to librdkafka since the last barrier. */
  #unconfirmed = 0;

  /** `addon`: what produces without an object for each record, or null for node-rdkafka's own way. */
  constructor(
    settings: ProducerSettings,
    addon: HandoverAddon | null,
    log: (level: 'warn', message: string) => void,
  ) {
    this.#settings = settings;
    this.#addon = addon;
    this.#producer = new Kafka.Producer(
      {
        ...settings.global,
        event_cb: true,
        dr_cb: true,
        'delivery.report.only.error': true,
      } as ProducerGlobalConfig,
      settings.topic,
    );
    this.#producer.on('delivery-report', (error, report) => this.#report(error, report));
    const seldom = new Seldom();
    this.#producer.on('event.error', ({ message }) => {
      if (seldom.isDue(message)) log('warn', `producer: ${message}`);
    });
    this.#producer.on('event.log', (entry: { fac?: string; message?: string }) => {
      if (entry.fac === 'FAIL' || entry.fac?.startsWith('SSL')) this.#lastReason = entry.message ?? '';
    });
  }

  async connect(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#producer.connect({ timeout: this.#settings.connectTimeoutMs }, (error) => {
        if (error === null || error === undefined) resolve();
        else reject(new DependencyError(`no Kafka broker answers: ${this.#lastReason || error.message}`));
      });
    });
    this.#producer.setPollInterval(100);
    if (this.#addon !== null)
      this.#native = new this.#addon.FrameProducer(nativeClient(this.#producer), ANALYTICS_TOPICS);
  }

  /** The underlying client, for metadata. */
  get client(): Producer {
    return this.#producer;
  }

  get unconfirmed(): number {
    return this.#unconfirmed;
  }

  /** False when librdkafka's queue is full: wait for `room` and give the record again. The bytes are copied. */
  tryProduce(record: OutgoingRecord): boolean {
    const refusal =
      this.#native === null ? this.#produceObject(record) : this.#produceBytes(record, this.#native);
    if (refusal?.code === QUEUE_FULL) return false;
    if (refusal === null) this.#unconfirmed += 1;
    // Refused before it was queued, for instance for its size: the same as a report that says so.
    else this.#refused(record.topic, record.key, record.value?.length ?? 0, refusal.message);
    return true;
  }

  /** Whether `produceFrame` can be called. */
  get takesFrames(): boolean {
    return this.#native !== null;
  }

  /** Produces all of an analytics frame, whose bytes are copied before it resolves. Answers the records given to librdkafka by topic. */
  async produceFrame(frame: SharedArrayBuffer): Promise<Map<string, number>> {
    const given = new Map<string, number>();
    let next = analyticsFrameCount(frame) === 0 ? -1 : 0;
    while (next >= 0) {
      const part = this.#produceFrom(frame, next, given);
      this.#sending = part;
      next = await part;
      if (next >= 0) await this.room();
    }
    return given;
  }

  /** Answers the entry to go on with when there is room, or -1. */
  #produceFrom(frame: SharedArrayBuffer, from: number, given: Map<string, number>): Promise<number> {
    const native = must(this.#native, 'native producer');
    return new Promise((resolve, reject) => {
      native.produceFrame(frame, from, (broken, next, produced, refused) => {
        if (broken) {
          reject(new Error('an analytics frame is broken: this is a defect of openframe-stream'));
          return;
        }
        for (const [index, records] of produced.entries()) {
          if (records === 0) continue;
          const topic = analyticsTopic(index);
          given.set(topic, (given.get(topic) ?? 0) + records);
          this.#unconfirmed += records;
        }
        if (refused.length > 0) this.#refusedIn(frame, refused);
        resolve(next);
      });
    });
  }

  /** `refused`: pairs of an entry and librdkafka's code. */
  #refusedIn(frame: SharedArrayBuffer, refused: Float64Array): void {
    const { errorText } = must(this.#addon, 'addon');
    const reader = new AnalyticsFrameReader(frame);
    for (let at = 0; at < refused.length; at += 2) {
      const entry = must(refused[at], 'refused entry');
      const why = errorText(must(refused[at + 1], 'error code'));
      this.#refused(
        analyticsTopic(reader.topicIndex(entry)),
        reader.key(entry),
        reader.value(entry).length,
        why,
      );
    }
  }

  #produceBytes(record: OutgoingRecord, native: FrameProducer): Refusal | null {
    const { topic, partition, key, value, timestamp } = record;
    const headers = encodeHeaders(record.headers);
    const code = native.produce(topic, partition ?? -1, Math.max(0, timestamp ?? 0), key, value, headers);
    return code === 0 ? null : { code, message: must(this.#addon, 'addon').errorText(code) };
  }

  #produceObject(record: OutgoingRecord): Refusal | null {
    const { topic, partition, key, value, timestamp } = record;
    // node-rdkafka's producer takes no null.
    const headers = record.headers?.map((header) =>
      Object.fromEntries(Object.entries(header).map(([name, bytes]) => [name, bytes ?? Buffer.alloc(0)])),
    );
    try {
      this.#producer.produce(topic, partition, value as Buffer, key, timestamp ?? null, undefined, headers);
      return null;
    } catch (error) {
      return { code: codeOf(error), message: messageOf(error) };
    }
  }

  #refused(topic: string, key: Buffer | null, bytes: number, message: string): void {
    this.#failures.push(failure(topic, key?.toString() ?? null, bytes, message));
  }

  async room(): Promise<void> {
    this.#producer.poll();
    await new Promise((resolve) => setTimeout(resolve, 2));
  }

  /** Resolves when every record given before is acknowledged or has failed; gives the failures. Nothing may be produced meanwhile. */
  async barrier(): Promise<readonly ProduceFailure[]> {
    if (this.#unconfirmed > 0) {
      while (!(await this.#flush())) {
        // Timed out: neither delivered nor failed. The epoch stays open until librdkafka has decided.
      }
    }
    await turn();
    await turn();
    // Reports come at most 100 a turn: they have stopped when a turn brings none.
    for (let seen = -1; seen !== this.#failures.length; ) {
      seen = this.#failures.length;
      await turn();
      await turn();
    }
    const failures = this.#failures;
    this.#failures = [];
    this.#unconfirmed = 0;
    return failures;
  }

  async close(): Promise<void> {
    const native = this.#native;
    this.#native = null;
    await Promise.allSettled([this.#sending]);
    native?.close();
    if (!this.#producer.isConnected()) return;
    await new Promise<void>((resolve) => this.#producer.disconnect(() => resolve()));
  }

  #flush(): Promise<boolean> {
    return new Promise((resolve) => {
      this.#producer.flush(FLUSH_TIMEOUT_MS, (error) => resolve(error === null || error === undefined));
    });
  }

  #report(error: LibrdKafkaError | null, report: DeliveryReport): void {
    if (error === null || error === undefined) return;
    const key = report.key === null || report.key === undefined ? null : report.key.toString();
    this.#failures.push(failure(report.topic, key, report.size, error.message));
  }
}

/** Why librdkafka did not take a record. */
interface Refusal {
  readonly code: number | undefined;
  readonly message: string;
}

function failure(topic: string, key: string | null, bytes: number, message: string): ProduceFailure {
  return { topic, key, bytes, permanent: PERMANENT.test(message), message };
}

function codeOf(error: unknown): number | undefined {
  return typeof error === 'object' && error !== null && 'code' in error ? Number(error.code) : undefined;
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
