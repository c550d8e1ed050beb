import type { CircuitFlags } from '../shared/shared-board.ts';
import type { RecordConsumer } from './consume.ts';
import type { Dispatcher } from './dispatch.ts';
import type { PartitionMap, PartitionState } from './partitions.ts';

export interface BackpressureSettings {
  readonly workers: number;
  /** A worker with more bytes waiting has its partitions paused, until it has fewer than `resumeBelowBytes`. */
  readonly pauseAboveBytes: number;
  readonly resumeBelowBytes: number;
}

/** What is paused and resumed, and by what. */
export interface BackpressureParts {
  readonly consumer: RecordConsumer;
  readonly dispatcher: Dispatcher;
  readonly partitions: PartitionMap;
  readonly circuits: CircuitFlags;
  readonly outageChanged: (outage: boolean) => void;
}

/**
 * Pauses a worker's partitions by its backlog, and all of them while a store is away. Polling goes on: it keeps the group membership.
 * The gap between the two limits keeps partitions from being paused and resumed in turns, which would fetch their records twice.
 */
export class Backpressure {
  readonly #settings: BackpressureSettings;
  readonly #parts: BackpressureParts;
  readonly #paused = new Set<number>();
  #outage = false;

  constructor(settings: BackpressureSettings, parts: BackpressureParts) {
    this.#settings = settings;
    this.#parts = parts;
  }

  get outage(): boolean {
    return this.#outage;
  }

  /** Partitions of the paused workers. */
  get pausedPartitions(): number {
    let partitions = 0;
    for (const worker of this.#paused) partitions += this.#parts.partitions.ofWorker(worker).length;
    return partitions;
  }

  /** Called before every poll. */
  regulate(): void {
    const { circuits, consumer, dispatcher, partitions, outageChanged } = this.#parts;
    const { workers, pauseAboveBytes, resumeBelowBytes } = this.#settings;
    if (circuits.anyOpen !== this.#outage) {
      this.#outage = circuits.anyOpen;
      outageChanged(this.#outage);
    }
    for (let worker = 0; worker < workers; worker += 1) {
      const paused = this.#paused.has(worker);
      const limit = paused ? resumeBelowBytes : pauseAboveBytes;
      const pause = this.#outage || dispatcher.queuedBytes(worker) > limit;
      if (pause === paused) continue;
      if (pause) {
        this.#paused.add(worker);
        consumer.pause(partitions.ofWorker(worker));
      } else {
        this.#paused.delete(worker);
        consumer.resume(partitions.ofWorker(worker));
      }
    }
  }

  /**
   * A partition that is assigned to a paused worker begins paused. Any other is resumed: librdkafka does not forget a pause when it
   * gives a partition up, so that one that went while it was paused would come back and stay silent.
   */
  assigned(state: PartitionState): void {
    if (this.#paused.has(state.worker)) this.#parts.consumer.pause([state]);
    else this.#parts.consumer.resume([state]);
  }
}
