import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import type { LibrdKafkaError, MessageHeader, Producer } from 'node-rdkafka';
import { DependencyError, messageOf } from '../shared/errors.ts';
import type { CapturedRecord } from '../shared/record.ts';

const QUEUE_FULL = -184;
const FLUSH_MS = 10_000;

/**
 * Produces captured records and knows when all of them are safe. A flush without an error is not enough: reports of refused records
 * reach JavaScript after its callback, so the count of errors is read a turn later.
 */
export class RecordProducer {
  readonly #producer: Producer;
  #failures = 0;
  #lastFailure = '';

  constructor(producer: Producer) {
    this.#producer = producer;
    producer.on('delivery-report', (error: LibrdKafkaError | null) => {
      if (!error) return;
      this.#failures += 1;
      this.#lastFailure = error.message;
    });
    producer.setPollInterval(100);
  }

  async produce(record: CapturedRecord, topic: string): Promise<void> {
    const value = record.value === null ? null : Buffer.from(record.value);
    const key = record.key === null ? null : Buffer.from(record.key);
    const headers = record.headers.map(([name, text]): MessageHeader => ({ [name]: text ?? '' }));
    for (;;) {
      try {
        this.#producer.produce(topic, record.partition, value, key, record.timestamp, undefined, headers);
        return;
      } catch (error) {
        if ((error as LibrdKafkaError).code !== QUEUE_FULL) {
          const place = `${record.topic} ${record.partition}:${record.offset}`;
          throw new DependencyError(`record ${place} cannot be produced to ${topic}: ${messageOf(error)}`);
        }
        this.#producer.poll();
        await sleep(10);
      }
    }
  }

  /** Resolves when every record so far is acknowledged; throws when one was refused. */
  async settle(): Promise<void> {
    while (!(await this.#flush())) this.#refuseFailures();
    await nextTurn();
    await nextTurn();
    this.#refuseFailures();
  }

  /** Whether everything left the queue, acknowledged or failed. */
  #flush(): Promise<boolean> {
    return new Promise((resolve) => {
      this.#producer.flush(FLUSH_MS, (error: LibrdKafkaError | null) => resolve(!error));
    });
  }

  #refuseFailures(): void {
    if (this.#failures === 0) return;
    throw new DependencyError(
      `${this.#failures} records were not acknowledged; the last: ${this.#lastFailure}`,
    );
  }
}
