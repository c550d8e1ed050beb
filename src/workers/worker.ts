import { workerData } from 'piscina';
import { assert, must } from '../shared/assert.ts';
import { ENTITIES } from '../shared/entity.ts';
import { DependencyError, DestinationError } from '../shared/errors.ts';
import type { StoreSettings } from '../shared/settings.ts';
import { BucketLocks, CircuitFlags, ReferenceEpochs } from '../shared/shared-board.ts';
import type {
  BatchResult,
  BatchTask,
  FollowUpResult,
  FollowUpTask,
  Unavailable,
  WorkerSettings,
} from '../shared/worker-protocol.ts';
import { writeLatencyBucket } from '../shared/write-latency.ts';
import { BatchRun } from './batch.ts';
import { type BatchStages, type Count, createStages } from './batch-stages.ts';
import { createDecoder } from './decode.ts';
import { FollowUpTasks } from './follow-up-tasks.ts';
import type { Patiently } from './look-up.ts';
import { openProviders } from './providers/open-providers.ts';
import type { ReferenceProvider } from './providers/provider.ts';
import type { ReferenceCache } from './reference-cache.ts';
import { openStore } from './stores/open-store.ts';
import type { Store } from './stores/store.ts';
import { UnmappedEvents } from './unmapped-events.ts';
import { Writer, type WriterEvents } from './write.ts';

/**
 * Entry of a worker thread: frame in, decode, enrich, encode, write, outcomes out. Piscina calls `open` once, then the default
 * export for every batch, then `close`.
 */
interface OpenWorker {
  readonly settings: WorkerSettings;
  readonly store: Store;
  readonly stages: BatchStages;
  readonly topics: string[];
  readonly writer: Writer | null;
  readonly tasks: FollowUpTasks;
  readonly providers: readonly ReferenceProvider[];
  /** Ends when the batch before has been prepared: batches are enriched in order. */
  turn: Promise<void>;
}

const READ_RETRY_MS = 200;

let opened: OpenWorker | null = null;

export async function open({ worker }: { readonly worker: number }): Promise<true | Unavailable> {
  const settings = workerData as WorkerSettings;
  try {
    opened = await openWith(await openStore(settings.store), settings, worker);
    return true;
  } catch (error) {
    if (error instanceof DependencyError || error instanceof DestinationError)
      return { unavailable: error.message };
    throw error;
  }
}

async function openWith(store: Store, settings: WorkerSettings, worker: number): Promise<OpenWorker> {
  const counters: Record<string, number> = {};
  const count: Count = (name, by = 1) => {
    counters[name] = (counters[name] ?? 0) + by;
  };
  const circuits = new CircuitFlags(settings.board);
  const writer =
    settings.store.kind === 'none'
      ? null
      : new Writer(store, settings.write, new BucketLocks(settings.board), {
          retried: () => count('retries:store'),
          wrote: countWrites(settings.store, count),
          circuitChanged: (isOpen) => circuits.set(worker, isOpen),
          now: Date.now,
        });
  const topics: string[] = [];
  const notices: string[] = [];
  const unmappedEvents = new UnmappedEvents(count);
  const patiently = patientReader((error) => writer?.readFailed(error));
  const providers = await openProviders(settings.references.providers, {
    counted: (provider, result, by) => count(`provider:${provider}:${result}`, by),
    noticed: (provider, message) => notices.push(`reference provider ${provider}: ${message}`),
  });
  const stages = createStages({
    decoder: createDecoder({
      sources: settings.sources,
      now: Date.now,
      onGuard: (messageType, rule) => count(`guard:${messageType}:${rule}`),
      onUnmapped: (name) => count(`unmapped:${name}`),
      onUnmappedEvent: (tool, sourceType) => unmappedEvents.add(tool, sourceType),
      eventTypes: settings.eventTypes,
    }),
    store,
    writer,
    words: new ReferenceEpochs(settings.board),
    references: settings.references,
    providers,
    patiently,
    topicOf: (topicId) => must(topics[topicId], `topic ${topicId}`),
    now: Date.now,
    count,
    takeCounters: () => takeCounters(counters, stages.cache),
    takeNotices: () => notices.splice(0),
  });
  const tasks = new FollowUpTasks(stages.followUps, patiently, stages);
  return { settings, store, stages, topics, writer, tasks, providers, turn: Promise.resolve() };
}

/** Piscina runs this for every batch, and for every part of what is to follow one. */
export default async function run(task: BatchTask | FollowUpTask): Promise<BatchResult | FollowUpResult> {
  assert(opened !== null, 'the worker was opened');
  return 'followUps' in task ? await opened.tasks.next(task) : await runBatch(opened, task);
}

async function runBatch(worker: OpenWorker, task: BatchTask): Promise<BatchResult> {
  for (const [topicId, topic] of task.topics) worker.topics[topicId] = topic;
  const slot = must(worker.settings.slots[task.worker]?.[task.slot], `slot ${task.slot}`);
  worker.stages.acknowledged.upTo(task.acknowledged);
  const batch = new BatchRun(worker.stages, slot, task.oversize ?? slot.records, task.batch);
  const prepared = batch.prepare(worker.turn);
  // A failed batch ends the process; it must not let the next one overtake.
  worker.turn = prepared.catch(() => new Promise<void>(() => undefined));
  await prepared;
  return batch.finish();
}

export async function close(): Promise<true> {
  opened?.writer?.close();
  await Promise.all((opened?.providers ?? []).map((provider) => provider.close()));
  await opened?.store.close();
  opened = null;
  return true;
}

/**
 * Reads until the store answers: what a batch needs to go on cannot be skipped, and while the store is away nothing goes on. The
 * circuit hears of it, because a batch that cannot be enriched sends no write that would open it.
 */
function patientReader(failed: (error: DestinationError) => void): Patiently {
  return async (read) => {
    for (;;) {
      try {
        return await read();
      } catch (error) {
        if (!(error instanceof DestinationError) || error.kind === 'permanent') throw error;
        failed(error);
        await new Promise((resolve) => setTimeout(resolve, READ_RETRY_MS));
      }
    }
  };
}

/** Counts what the store answered, under the names of main's table of metrics. */
function countWrites(store: StoreSettings, count: Count): WriterEvents['wrote'] {
  return (entity, outcomes, merged, seconds) => {
    for (const outcome of outcomes) count(`writes:${entity}:${outcome}`);
    if (merged > 0) count('mergedChanges', merged);
    if (store.kind !== 'cassandra') return;
    const { table } = ENTITIES[entity];
    const statement = `${table}:${store.writeModes[table] ?? store.writeMode}`;
    count(`writeLatencyBucket:${statement}:${writeLatencyBucket(seconds)}`);
    count(`writeLatencySeconds:${statement}`, seconds);
  };
}

/** Counters since the last batch. The cache counts on its own, to keep a lookup cheap. */
function takeCounters(counters: Record<string, number>, cache: ReferenceCache): Record<string, number> {
  const taken = { ...counters, 'referenceLookups:hit': cache.hits, 'referenceLookups:miss': cache.misses };
  for (const name of Object.keys(counters)) delete counters[name];
  cache.hits = 0;
  cache.misses = 0;
  return taken;
}
