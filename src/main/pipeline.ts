import type { TopicPartition } from 'node-rdkafka';
import { must } from '../shared/assert.ts';
import { messageOf } from '../shared/errors.ts';
import { CircuitFlags, createBoard } from '../shared/shared-board.ts';
import type { BatchResult, Slot, WorkerSettings } from '../shared/worker-protocol.ts';
import { Acknowledger } from './acknowledge.ts';
import { Backpressure } from './backpressure.ts';
import { CollectedBatch } from './collect.ts';
import { RecordConsumer } from './consume.ts';
import { type Batch, createSlots, Dispatcher } from './dispatch.ts';
import { drain, type Left } from './drain.ts';
import { FollowUps } from './follow-ups.ts';
import type { Intake } from './handover/intake.ts';
import type { HandoverAddon } from './handover/native-addon.ts';
import { NativeIntake } from './handover/native-intake.ts';
import { openHandover } from './handover/open-handover.ts';
import { PlainIntake } from './handover/plain-intake.ts';
import { type PartitionLag, partitionLags } from './lag.ts';
import type { PipelineObserver } from './observer.ts';
import { PartitionMap } from './partitions.ts';
import type { PipelineSettings } from './pipeline-settings.ts';
import { PollLoop } from './poll-loop.ts';
import { RecordProducer } from './produce.ts';
import { connectorOf } from './source-topics.ts';
import { within } from './within.ts';
import { WorkerPool } from './worker-pool.ts';

export type Logger = (level: 'debug' | 'info' | 'warn' | 'error', message: string) => void;

/** How long librdkafka may take to leave the group, and to close its producer. Without a broker it never ends. */
const LEAVE_WITHIN_MS = 10_000;

/** What is there before a pipeline is. */
interface PipelineParts {
  /** Null: the plain hand-over. */
  readonly addon: HandoverAddon | null;
  readonly board: WorkerSettings['board'];
  readonly slots: readonly (readonly Slot[])[];
  readonly pool: WorkerPool;
}

/**
 * The path of a record, as seen from the main thread: consume, assign to a worker, dispatch, collect, produce, acknowledge, commit.
 * One loop polls; everything else happens in callbacks of the same thread, so no state here is ever seen half changed.
 */
export class Pipeline {
  readonly #settings: PipelineSettings;
  readonly #observer: PipelineObserver;
  readonly #log: Logger;
  readonly #partitions: PartitionMap;
  readonly #consumer: RecordConsumer;
  readonly #producer: RecordProducer;
  readonly #pool: WorkerPool;
  readonly #dispatcher: Dispatcher;
  readonly #addon: HandoverAddon | null;
  #intake: Intake | null = null;
  readonly #followUps: FollowUps;
  readonly #acknowledger: Acknowledger;
  readonly #backpressure: Backpressure;
  readonly #slots: readonly (readonly Slot[])[];
  #stopping = false;
  #fatal: { error: unknown } | null = null;
  #assignedOnce = false;
  #polls: PollLoop | null = null;
  #loop: Promise<void> | null = null;

  private constructor(
    settings: PipelineSettings,
    parts: PipelineParts,
    observer: PipelineObserver,
    log: Logger,
  ) {
    this.#settings = settings;
    this.#observer = observer;
    this.#log = log;
    this.#slots = parts.slots;
    this.#pool = parts.pool;
    this.#partitions = new PartitionMap(settings.workers);
    this.#addon = parts.addon;
    this.#producer = new RecordProducer(settings.producer, this.#addon, log);
    this.#consumer = new RecordConsumer(settings.consumer, {
      assigned: (partitions) => this.#assigned(partitions),
      revoked: (partitions) => this.#revoked(partitions),
      ended: ({ topic, partition, offset }) => {
        this.#partitions.get(topic, partition)?.ended(offset);
      },
      committed: (error, partitions) => this.#committed(error, partitions),
      log,
    });
    this.#dispatcher = new Dispatcher({
      slots: parts.slots,
      inflightBytesMax: settings.inflightBytesMax,
      poisonSlots: settings.poisonSlots === true,
      run: (task) => this.#pool.run(task),
      finished: (batch, result) => this.#finished(batch, result),
      failed: (error) => this.#fail(error),
    });
    this.#backpressure = new Backpressure(settings, {
      consumer: this.#consumer,
      dispatcher: this.#dispatcher,
      partitions: this.#partitions,
      circuits: new CircuitFlags(parts.board),
      outageChanged: (outage) => this.#outageChanged(outage),
    });
    this.#followUps = new FollowUps({
      run: (task) => this.#pool.followUp(task),
      changed: (rows) => this.#acknowledger.add(rows),
      repeatAfterMs: settings.worker.references.ttlMs,
      observer,
      log,
      failed: (error) => this.#fail(error),
    });
    this.#acknowledger = new Acknowledger({
      producer: this.#producer,
      intervalMs: settings.ackIntervalMs,
      retryBackoffMs: settings.retryBackoffMs,
      commit: (offsets) => this.#consumer.commit(offsets),
      isBehind: () => this.#dispatcher.isBehind,
      isShort: (batches) => this.#dispatcher.isShort(batches),
      observer,
      log,
      fatal: (error) => this.#fail(error),
    });
  }

  /** Opens the workers and their stores, connects to the brokers and joins the group. Rejects with what is missing. */
  static async start(settings: PipelineSettings, observer: PipelineObserver, log: Logger): Promise<Pipeline> {
    // Before any thread is started: it says how memory is allocated.
    const addon = openHandover(settings.handover, (message) => log('warn', message));
    log('info', `${addon === null ? 'plain' : 'native'} hand-over`);
    const board = createBoard(settings.workers);
    const slots = createSlots(settings.workers, settings.slotsPerWorker, settings.slotBytes);
    const pool = await WorkerPool.start(settings.workers, { ...settings.worker, slots, board });
    const pipeline = new Pipeline(settings, { addon, board, slots, pool }, observer, log);
    try {
      await Promise.all([pipeline.#producer.connect(), pipeline.#consumer.connect()]);
    } catch (error) {
      await Promise.allSettled([pipeline.#producer.close(), pipeline.#consumer.disconnect(), pool.close()]);
      throw error;
    }
    pipeline.#intake = pipeline.#openIntake();
    const { providers, retryMs } = settings.worker.references;
    if (providers.length > 0) pipeline.#followUps.retryWaiting(0, retryMs);
    pipeline.#consumer.subscribe(settings.subscription);
    pipeline.#loop = pipeline.#run(pipeline.#intake);
    return pipeline;
  }

  /** Resolves when the loop has ended after `stop`; rejects with what ended it otherwise. */
  async ended(): Promise<void> {
    await this.#loop;
    if (this.#fatal !== null) throw this.#fatal.error;
  }

  /** Drains, commits and leaves the group, in bounded time. Whatever is not committed will be read again. */
  async stop(): Promise<Left> {
    this.#stopping = true;
    await this.#loop;
    const leaving = (error: unknown): void => this.#log('warn', `leaving the group: ${messageOf(error)}`);
    await this.#consumer.unsubscribe().catch(leaving);
    this.#intake?.close();
    const hasLeft = await within(LEAVE_WITHIN_MS, this.#consumer.disconnect().catch(leaving));
    const records = [...this.#partitions.all()].reduce((sum, state) => sum + state.unacknowledged, 0);
    this.#followUps.close();
    this.#acknowledger.close();
    const isClosed = await within(LEAVE_WITHIN_MS, this.#producer.close());
    await this.#pool.close();
    return { records, hangs: !hasLeft || !isClosed };
  }

  /** Milliseconds since a record came, or 0 while one is on its way or a partition was not read to its end. */
  get idleMs(): number {
    if (!this.#assignedOnce || this.#dispatcher.inflightBytes > 0 || this.#acknowledger.pending > 0) return 0;
    for (const { end } of this.#partitions.all()) if (end === null) return 0;
    return this.#polls?.sinceRecordMs ?? 0;
  }

  get assigned(): boolean {
    return this.#assignedOnce;
  }

  get outage(): boolean {
    return this.#backpressure.outage;
  }

  get pausedPartitions(): number {
    return this.#backpressure.pausedPartitions;
  }

  get inflightBytes(): number {
    return this.#dispatcher.inflightBytes;
  }

  /** Milliseconds since the loop last polled: grows when the main thread hangs. */
  get sincePollMs(): number {
    return this.#polls?.sincePollMs ?? 0;
  }

  /** Lag of every assigned partition. */
  lags(): Generator<PartitionLag> {
    return partitionLags(this.#partitions.all(), this.#consumer);
  }

  #run(intake: Intake): Promise<void> {
    this.#polls = new PollLoop(this.#settings, {
      intake,
      dispatcher: this.#dispatcher,
      backpressure: this.#backpressure,
      observer: this.#observer,
      log: this.#log,
    });
    return this.#polls.run(() => this.#stopping || this.#fatal !== null);
  }

  #openIntake(): Intake {
    const parts = { consumer: this.#consumer, dispatcher: this.#dispatcher, partitions: this.#partitions };
    if (this.#addon !== null)
      return new NativeIntake(this.#addon, parts, (message) => this.#log('warn', message));
    return new PlainIntake(parts);
  }

  #outageChanged(outage: boolean): void {
    if (outage) this.#log('error', 'the store is away: consumption pauses');
    else this.#log('info', 'the store is back: consumption resumes');
    this.#observer.paused(outage);
  }

  #finished(batch: Batch, result: BatchResult): void {
    const { stages } = result;
    const total = (performance.now() - batch.dispatchedAt) / 1000;
    const inWorker = stages.decode + stages.enrich + stages.encode + stages.write;
    this.#observer.processed(batch.worker, batch.records, stages, Math.max(0, total - inWorker));
    this.#observer.outcomes(result.outcomes);
    this.#observer.counters(result.counters);
    const slot = must(this.#slots[batch.worker]?.[batch.slot], 'slot of a batch');
    const names = {
      topicOf: (id: number) => this.#partitions.topicOf(id),
      connectorOf: (topic: string) => connectorOf(topic, this.#settings.sources),
    };
    for (const notice of result.notices) this.#log('warn', notice);
    for (const letter of result.deadLetters) this.#observer.deadLetter(letter.code);
    const collected = new CollectedBatch(batch, result, slot.analytics, names, (done) =>
      this.#dispatcher.release(done),
    );
    this.#followUps.before(batch.worker, result.followUps, () => this.#acknowledger.add(collected));
  }

  #assigned(partitions: readonly TopicPartition[]): void {
    for (const { topic, partition } of partitions) {
      const state = this.#partitions.assign(topic, partition);
      must(this.#intake, 'intake').assigned(state);
      this.#backpressure.assigned(state);
    }
    if (partitions.length > 0) {
      this.#assignedOnce = true;
      this.#polls?.restart();
      this.#observer.rebalanced('assigned');
      this.#log('info', `assigned ${partitions.length} partitions, ${this.#partitions.size} in all`);
    }
  }

  /** Drains what is in flight of these partitions, commits them and forgets them. Nothing of them is processed afterwards. */
  async #revoked(partitions: readonly TopicPartition[]): Promise<void> {
    const states = this.#partitions.these(partitions);
    const offsets = await drain(
      states,
      must(this.#intake, 'intake'),
      this.#acknowledger,
      this.#settings.drainTimeoutMs,
      () => this.#fatal !== null,
    );
    try {
      await this.#consumer.commitFully(offsets);
    } catch (error) {
      this.#log('warn', `commit of revoked partitions: ${messageOf(error)}`);
    }
    for (const state of states) this.#partitions.remove(state);
    this.#observer.rebalanced('revoked');
    const undrained = states.reduce((sum, state) => sum + state.unacknowledged, 0);
    this.#log(
      'info',
      `gave up ${states.length} partitions${undrained > 0 ? `, ${undrained} records not drained in time` : ''}`,
    );
  }

  #committed(error: Error | null, partitions: readonly { topic: string; partition: number }[]): void {
    this.#observer.commitFinished(error);
    if (error === null) return;
    this.#log('warn', `commit: ${error.message}`);
    // Said again with the next commit of the partition.
    for (const state of this.#partitions.these(partitions)) state.committed = null;
  }

  #fail(error: unknown): void {
    this.#fatal ??= { error };
  }
}
