import { must } from '../shared/assert.ts';

/**
 * The partition-to-worker map and the commit frontier. A partition has one worker for as long as it is assigned, so its order is
 * kept; an assignment has an epoch, so that a late result of an earlier assignment never moves the frontier of a later one.
 */

/** Records of one partition in one batch, in offset order. */
export interface OffsetRange {
  readonly partition: PartitionState;
  lastOffset: number;
  /** Timestamp of the last record, ms. */
  lastTimestamp: number;
  records: number;
  acknowledged: boolean;
}

export class PartitionState {
  readonly topic: string;
  readonly topicId: number;
  readonly partition: number;
  readonly worker: number;
  /** A revoked partition takes no more records; its state is dropped when it has drained, or when the drain's time is over. */
  revoked = false;
  /** Records and bytes taken from Kafka since they were last counted. */
  takenRecords = 0;
  takenBytes = 0;
  /** Offset of the end that it was last read to; null while a newer record is known. */
  end: number | null = null;
  /** Next offset to commit: everything below is acknowledged by every destination. Null until the first acknowledgement. */
  frontier: number | null = null;
  committed: number | null = null;
  /** Timestamp of the record just below the frontier, ms. */
  frontierTimestamp = 0;
  readonly #ranges: OffsetRange[] = [];
  #head = 0;

  constructor(topic: string, topicId: number, partition: number, worker: number) {
    this.topic = topic;
    this.topicId = topicId;
    this.partition = partition;
    this.worker = worker;
  }

  /** Counts records that were taken from Kafka; `lastOffset` is that of the newest. */
  took(records: number, bytes: number, lastOffset: number): void {
    this.takenRecords += records;
    this.takenBytes += bytes;
    // Its end may have been told before it.
    if (this.end !== null && lastOffset >= this.end) this.end = null;
  }

  /** The partition was read to its present end. */
  ended(offset: number): void {
    this.end = offset;
  }

  /** Notes records that go into a batch; ranges of a partition open in offset order. */
  openRange(offset: number, timestamp: number): OffsetRange {
    const range: OffsetRange = {
      partition: this,
      lastOffset: offset,
      lastTimestamp: timestamp,
      records: 1,
      acknowledged: false,
    };
    this.#ranges.push(range);
    return range;
  }

  /** Moves the frontier over every range acknowledged without a gap. True when it moved. */
  advance(): boolean {
    let moved = false;
    let range = this.#ranges[this.#head];
    while (range?.acknowledged) {
      this.frontier = range.lastOffset + 1;
      this.frontierTimestamp = range.lastTimestamp;
      this.#head += 1;
      moved = true;
      range = this.#ranges[this.#head];
    }
    if (this.#head > 64 && this.#head * 2 > this.#ranges.length) {
      this.#ranges.splice(0, this.#head);
      this.#head = 0;
    }
    return moved;
  }

  /** Records in batches that are not acknowledged, and acknowledged ones behind a gap. */
  get unacknowledged(): number {
    let records = 0;
    for (let index = this.#head; index < this.#ranges.length; index += 1)
      records += this.#ranges[index]?.records ?? 0;
    return records;
  }

  /** Batches of this partition that are not acknowledged yet, acknowledged ones behind a gap included. */
  get rangesOpen(): number {
    return this.#ranges.length - this.#head;
  }
}

export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

export class PartitionMap {
  readonly #workers: number;
  readonly #topics = new Map<
    string,
    { readonly id: number; readonly partitions: Map<number, PartitionState> }
  >();
  /** Partitions by topic id. */
  readonly #byId: Map<number, PartitionState>[] = [];
  readonly #loads: number[];

  constructor(workers: number) {
    this.#workers = workers;
    this.#loads = new Array<number>(workers).fill(0);
  }

  /** Gives a partition to the worker that has the fewest of its topic, then the fewest of all: hot topics spread evenly. */
  assign(topic: string, partition: number): PartitionState {
    const entry = this.#topic(topic);
    const ofTopic = new Array<number>(this.#workers).fill(0);
    for (const state of entry.partitions.values()) ofTopic[state.worker] = (ofTopic[state.worker] ?? 0) + 1;
    let best = 0;
    for (let worker = 1; worker < this.#workers; worker += 1) {
      const order =
        (ofTopic[worker] ?? 0) - (ofTopic[best] ?? 0) ||
        (this.#loads[worker] ?? 0) - (this.#loads[best] ?? 0);
      if (order < 0) best = worker;
    }
    const state = new PartitionState(topic, entry.id, partition, best);
    entry.partitions.set(partition, state);
    this.#loads[best] = (this.#loads[best] ?? 0) + 1;
    return state;
  }

  get(topic: string, partition: number): PartitionState | undefined {
    return this.#topics.get(topic)?.partitions.get(partition);
  }

  at(topicId: number, partition: number): PartitionState | undefined {
    return this.#byId[topicId]?.get(partition);
  }

  /** Those of these that are assigned. */
  these(partitions: readonly TopicPartition[]): PartitionState[] {
    const states = partitions.map(({ topic, partition }) => this.get(topic, partition));
    return states.filter((state): state is PartitionState => state !== undefined);
  }

  /** Name of a topic by its id; ids are never given away twice. */
  topicOf(id: number): string {
    return must([...this.#topics.keys()][id], `topic ${id}`);
  }

  remove(state: PartitionState): void {
    const entry = must(this.#topics.get(state.topic), 'topic of an assigned partition');
    if (entry.partitions.get(state.partition) === state) entry.partitions.delete(state.partition);
    this.#loads[state.worker] = (this.#loads[state.worker] ?? 1) - 1;
  }

  *all(): Generator<PartitionState> {
    for (const { partitions } of this.#topics.values()) yield* partitions.values();
  }

  ofWorker(worker: number): PartitionState[] {
    return [...this.all()].filter((state) => state.worker === worker && !state.revoked);
  }

  get size(): number {
    let size = 0;
    for (const { partitions } of this.#topics.values()) size += partitions.size;
    return size;
  }

  #topic(topic: string): { readonly id: number; readonly partitions: Map<number, PartitionState> } {
    let entry = this.#topics.get(topic);
    if (entry === undefined) {
      entry = { id: this.#topics.size, partitions: new Map() };
      this.#topics.set(topic, entry);
      this.#byId.push(entry.partitions);
    }
    return entry;
  }
}
