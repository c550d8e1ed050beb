import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { Piscina } from 'piscina';
import { addressed, poolOptions } from '../src/main/worker-pool.ts';
import type { BatchTask } from '../src/shared/worker-protocol.ts';
import {
  type Arm,
  type BenchOptions,
  type Figures,
  type OpenSubject,
  type Subject,
  workMs,
} from './harness.ts';

/**
 * What it takes to give a worker a batch and to have its result back, without any work: the records are in shared memory, so this is the
 * control message alone. The product's pool beside Piscina's other ways to wait, and beside bare messages as the floor.
 */
export const handOver: Subject = {
  name: 'hand-over',
  about: "a batch's way to a worker and back without its work: Piscina's modes, and bare messages",
  shown: [
    'round_trip_us',
    'round_trip_p99_us',
    'cpu_us_per_round_trip',
    'us_per_batch_of_8',
    'cpu_us_per_batch_of_8',
    'worker_timers_kept_percent',
  ],
  rounds: 5,
  // The worker's side is compiled by then, too: threads live through all rounds.
  warmUp: true,
  smoke: true,
  open: (options) => Promise.resolve(open(options)),
};

/** Batches that wait at a worker under load: main fills the next ones while it works. */
const IN_HAND = 8;
/** Batches that a time per batch is taken over: many come back in one turn of the loop. */
const WINDOW = 64;
const IDLE_MS = 200;

/** One way to hand batches over. */
interface Way {
  /** A batch's way to a worker and back. */
  roundTrip(worker: number): Promise<unknown>;
  /** Starts a worker's timer at the first call; at the second it says how often that has ticked, and how often it should. */
  ticked(worker: number): Promise<{ readonly ticks: number; readonly tickMs: number }>;
  close(): Promise<unknown>;
}

const WORKER = new URL('./hand-over-worker.mjs', import.meta.url);
/** The suite's own arguments load a compiler into every thread; these threads need none. */
const PLAIN_THREAD = { execArgv: [] };

function open(options: BenchOptions): OpenSubject {
  const ways: Way[] = [];
  const arms = ([1, 2] as const).flatMap((workers) => {
    const arm = (name: string, make: () => Way): Arm => {
      let way: Way | undefined;
      return {
        name: `${name}, ${workers === 1 ? '1 worker' : '2 workers'}`,
        measure: () => {
          if (way === undefined) {
            way = make();
            ways.push(way);
          }
          return measure(way, workers, workMs(options) / 2);
        },
      };
    };
    return [
      arm('Piscina, no atomics (the product)', () => throughPiscina(workers, 'disabled')),
      arm('Piscina, async atomics', () => throughPiscina(workers, 'async')),
      arm('Piscina, sync atomics', () => throughPiscina(workers, 'sync')),
      arm('bare messages', () => throughMessages(workers, batchTask)),
      arm('bare messages of one number', () => throughMessages(workers, () => 0)),
    ];
  });
  return {
    arms,
    settings: { inHand: IN_HAND, idleMs: IDLE_MS },
    notes: [
      `Round trip: one batch at a time per worker, both threads asleep before. "Of ${IN_HAND}": so many waiting per worker, as under load; time per batch, median over windows of ${WINDOW} batches. CPU is that of all threads. Timers kept: how many of the worker's own timers ran while it waited for a batch.`,
    ],
    close: async () => {
      await Promise.all(ways.map((way) => way.close()));
    },
  };
}

async function measure(way: Way, workers: number, forMs: number): Promise<Figures> {
  const single = await handOvers(way, workers, 1, forMs);
  const loaded = await handOvers(way, workers, IN_HAND, forMs);
  return {
    round_trip_us: single.p50Micros,
    round_trip_p99_us: single.p99Micros,
    cpu_us_per_round_trip: single.cpuMicros,
    us_per_batch_of_8: loaded.microsPerBatch,
    cpu_us_per_batch_of_8: loaded.cpuMicros,
    worker_timers_kept_percent: await timersKept(way),
  };
}

/** Every worker gets `inHand` chains of batches, each batch handed over when the one before it is back. */
async function handOvers(way: Way, workers: number, inHand: number, forMs: number) {
  const micros: number[] = [];
  const windows: number[] = [];
  const started = performance.now();
  let windowSince = started;
  const chain = async (worker: number): Promise<void> => {
    for (let now = performance.now(); now - started < forMs; ) {
      await way.roundTrip(worker);
      const back = performance.now();
      micros.push((back - now) * 1000);
      if (micros.length % WINDOW === 0) {
        windows.push(((back - windowSince) * 1000) / WINDOW);
        windowSince = back;
      }
      now = back;
    }
  };
  const cpu = process.cpuUsage();
  await Promise.all(Array.from({ length: workers * inHand }, (_, index) => chain(index % workers)));
  const { user, system } = process.cpuUsage(cpu);
  return {
    p50Micros: quantile(micros, 0.5),
    p99Micros: quantile(micros, 0.99),
    microsPerBatch: quantile(windows, 0.5),
    cpuMicros: (user + system) / micros.length,
  };
}

function quantile(values: readonly number[], share: number): number {
  return [...values].sort((one, other) => one - other)[Math.floor(values.length * share)] ?? Number.NaN;
}

async function timersKept(way: Way): Promise<number> {
  await way.ticked(0);
  const started = performance.now();
  await sleep(IDLE_MS);
  const elapsed = performance.now() - started;
  const { ticks, tickMs } = await way.ticked(0);
  return Math.min(100, (ticks / (elapsed / tickMs)) * 100);
}

/** As the dispatcher makes it, without topics that the worker does not know. */
function batchTask(worker: number): BatchTask {
  return { worker, slot: 7, batch: 123_456, acknowledged: 123_440, topics: [] };
}

function throughPiscina(workers: number, atomics: 'disabled' | 'async' | 'sync'): Way {
  const pool = new Piscina({ ...poolOptions(workers), ...PLAIN_THREAD, atomics, filename: WORKER.href });
  return {
    roundTrip: (worker) => pool.run(addressed(batchTask(worker))),
    ticked: (worker) => pool.run(addressed({ worker }), { name: 'ticked' }),
    close: () => pool.destroy(),
  };
}

/** The floor: a promise for each message, answered in their order, and nothing else. */
function throughMessages(workers: number, message: (worker: number) => unknown): Way {
  const threads = Array.from({ length: workers }, () => {
    const thread = new Worker(WORKER, { ...PLAIN_THREAD, workerData: { bare: true } });
    const waiting: ((reply: unknown) => void)[] = [];
    thread.on('message', (reply: unknown) => waiting.shift()?.(reply));
    return { thread, waiting };
  });
  const ask = <Reply>(worker: number, what: unknown): Promise<Reply> =>
    new Promise((resolve) => {
      threads[worker]?.waiting.push((reply) => resolve(reply as Reply));
      threads[worker]?.thread.postMessage(what);
    });
  return {
    roundTrip: (worker) => ask(worker, message(worker)),
    ticked: (worker) => ask(worker, 'ticked'),
    close: () => Promise.all(threads.map(({ thread }) => thread.terminate())),
  };
}
