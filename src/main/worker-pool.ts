import { setFlagsFromString } from 'node:v8';
import { Piscina } from 'piscina';
import { assert } from '../shared/assert.ts';
import { DependencyError } from '../shared/errors.ts';
import type {
  BatchResult,
  BatchTask,
  FollowUpResult,
  FollowUpTask,
  Unavailable,
  WorkerSettings,
} from '../shared/worker-protocol.ts';
import { within } from './within.ts';

const CLOSE_WITHIN_MS = 3000;

/** Which export of the worker's file runs: `default` is a batch or what follows one. */
type WorkerTask = BatchTask | FollowUpTask | { readonly worker: number };
type WorkerReply = BatchResult | FollowUpResult | Unavailable | true;

/**
 * Of all threads: V8 lets a heap on a large machine grow to four times what lives in it before it cleans up (docs/decisions/0010). A limit
 * for a worker's heap would do the same, and end the process over a few large records.
 */
const TIGHT_HEAP = '--heap-growing-percent=30';
/**
 * Of all threads: V8 learns to put into the old generation what it has often seen to live on, and a batch lives just long enough to teach
 * it that. What lies there dead keeps the rest of its batch alive until the next full collection (docs/decisions/0011).
 */
const YOUNG_BATCHES = '--no-allocation-site-pretenuring';
export const HEAP_FLAGS = [TIGHT_HEAP, YOUNG_BATCHES];
/** Half of V8's own. */
const YOUNG_GENERATION_MB = 24;

/**
 * The Piscina pool with one fixed thread per worker number: a batch goes to the worker that owns its partitions and nowhere else.
 * A thread that dies takes unacknowledged batches with it; the process then ends, and what was not committed is read again.
 */
export class WorkerPool {
  readonly #pool: Piscina<WorkerTask, WorkerReply>;
  readonly #workers: number;

  private constructor(pool: Piscina<WorkerTask, WorkerReply>, workers: number) {
    this.#pool = pool;
    this.#workers = workers;
  }

  /** Starts the threads and waits until each has opened its store. Rejects with a DependencyError when a store cannot be opened. */
  static async start(workers: number, settings: WorkerSettings): Promise<WorkerPool> {
    const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
    setHeapFlags();
    const pool = new Piscina<WorkerTask, WorkerReply>({
      ...poolOptions(workers),
      filename: new URL(`../workers/worker.${extension}`, import.meta.url).href,
      ...(extension === 'ts' ? { execArgv: ['--import', 'tsx'] } : {}),
      workerData: settings,
    });
    const workerPool = new WorkerPool(pool, workers);
    try {
      await workerPool.#everyWorker('open');
    } catch (error) {
      await pool.destroy().catch(() => undefined);
      throw error;
    }
    return workerPool;
  }

  /** Runs a batch on its worker. Rejects only when the worker is broken: bad records are part of the result. */
  async run(task: BatchTask): Promise<BatchResult> {
    const reply = await this.#pool.run(addressed(task));
    assert(reply !== true && 'outcomes' in reply, 'a batch has a result');
    return reply;
  }

  /** Runs the next part of follow-up work. */
  async followUp(task: FollowUpTask): Promise<FollowUpResult> {
    const reply = await this.#pool.run(addressed(task));
    assert(reply !== true && 'done' in reply, 'follow-up work has a result');
    return reply;
  }

  /** Closes the stores, then ends the threads. A worker that hangs, for instance on a store that is away, does not hold it up. */
  async close(): Promise<void> {
    await within(
      CLOSE_WITHIN_MS,
      this.#everyWorker('close').catch(() => undefined),
    );
    await this.#pool.destroy();
  }

  async #everyWorker(name: 'open' | 'close'): Promise<void> {
    const replies = await Promise.all(
      Array.from({ length: this.#workers }, (_, worker) => this.#pool.run(addressed({ worker }), { name })),
    );
    for (const reply of replies)
      if (reply !== true && 'unavailable' in reply) throw new DependencyError(reply.unavailable);
  }
}

/** To be called before a worker starts; benches of a worker's work call it, too. */
export function setHeapFlags(): void {
  for (const flag of HEAP_FLAGS) setFlagsFromString(flag);
}

type PoolOptions = NonNullable<ConstructorParameters<typeof Piscina>[0]>;

/** How tasks reach the threads: of the product's pool, and of the bench that measures what that costs. */
export function poolOptions(workers: number): PoolOptions {
  return {
    minThreads: workers,
    maxThreads: workers,
    idleTimeout: Number.POSITIVE_INFINITY,
    concurrentTasksPerWorker: 1024,
    // The worker's own event loop has to turn while it waits for a batch: its Cassandra session lives there. The other modes were
    // measured (docs/decisions/0001): one stops that loop, and the other is no faster.
    atomics: 'disabled',
    recordTiming: false,
    resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB },
    loadBalancer: byWorkerNumber(),
  };
}

/** Puts the worker's number where the balancer sees it: Piscina shows it a task's queue options and not the task. */
export function addressed<T extends { readonly worker: number }>(task: T): T {
  return Object.assign(task, { [Piscina.queueOptionsSymbol]: { worker: task.worker } });
}

type Balancer = NonNullable<PoolOptions['loadBalancer']>;

/** Binds each worker number to a thread at its first task; a task whose thread is not there yet waits in Piscina's queue. */
function byWorkerNumber(): Balancer {
  const threads = new Map<number, number>();
  return (task, available) => {
    const options = Object.getOwnPropertyDescriptor(task, Piscina.queueOptionsSymbol)?.value as
      | { readonly worker: number }
      | undefined;
    assert(options !== undefined, 'every task is addressed');
    const known = threads.get(options.worker);
    if (known !== undefined) return available.find((thread) => thread.id === known) ?? null;
    const taken = new Set(threads.values());
    const free = available.find((thread) => !taken.has(thread.id));
    if (free === undefined) return null;
    threads.set(options.worker, free.id);
    return free;
  };
}
