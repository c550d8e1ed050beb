import Kafka, {
  type DeliveryReport,
  type LibrdKafkaError,
  type Producer,
  type ProducerGlobalConfig,
  type ProducerTopicConfig,
} from 'node-rdkafka';
import { DependencyError, messageOf } from '../shared/errors.ts';

/** A record to produce. `partition` null: by the key, with Java's partitioner. */
export interface OutgoingRecord {
  readonly topic: string;
  readonly partition: number | null;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly timestamp?: number;
  readonly headers?: { [name: string]: Buffer }[];
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
  #failures: ProduceFailure[] = [];
  #lastReason = '';
  /** Records given to librdkafka since the last barrier. */
  #unconfirmed = 0;

  constructor(settings: ProducerSettings, log: (level: 'warn', message: string) => void) {
    this.#settings = settings;
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
    this.#producer.on('event.error', (error) => log('warn', `producer: ${error.message}`));
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
    try {
      this.#producer.produce(
        record.topic,
        record.partition,
        record.value as Buffer,
        record.key,
        record.timestamp ?? null,
        undefined,
        record.headers,
      );
    } catch (error) {
      if (codeOf(error) === QUEUE_FULL) return false;
      // Refused before it was queued, for instance for its size: the same as a report that says so.
      this.#failures.push(
        failure(record.topic, record.key?.toString() ?? null, record.value?.length ?? 0, messageOf(error)),
      );
      return true;
    }
    this.#unconfirmed += 1;
    return true;
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

function failure(topic: string, key: string | null, bytes: number, message: string): ProduceFailure {
  return { topic, key, bytes, permanent: PERMANENT.test(message), message };
}

function codeOf(error: unknown): number | undefined {
  return typeof error === 'object' && error !== null && 'code' in error ? Number(error.code) : undefined;
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
