import type { Message } from 'node-rdkafka';
import { must } from '../../shared/assert.ts';
import type { PartitionState } from '../partitions.ts';

/** A record that waits for a slot. */
export interface Queued {
  readonly state: PartitionState;
  readonly message: Message;
  readonly bytes: number;
}

/** Records taken from the queue before it is cut. */
const COMPACT_AFTER = 1024;

/** Records of one worker that wait for a slot, oldest first. */
export class RecordQueue {
  #queue: Queued[] = [];
  #head = 0;
  #bytes = 0;

  get bytes(): number {
    return this.#bytes;
  }

  push(queued: Queued): void {
    this.#queue.push(queued);
    this.#bytes += queued.bytes;
  }

  peek(): Queued | undefined {
    return this.#queue[this.#head];
  }

  shift(): void {
    const queued = must(this.#queue[this.#head], 'queued record');
    this.#bytes -= queued.bytes;
    this.#head += 1;
    // Under load the queue is never empty: what is behind its head would keep its records alive for ever.
    if (this.#head === this.#queue.length || this.#head >= COMPACT_AFTER) {
      this.#queue = this.#queue.slice(this.#head);
      this.#head = 0;
    }
  }

  dropRevoked(): void {
    this.#queue = this.#queue.slice(this.#head).filter(({ state }) => !state.revoked);
    this.#head = 0;
    this.#bytes = this.#queue.reduce((sum, { bytes }) => sum + bytes, 0);
  }
}
