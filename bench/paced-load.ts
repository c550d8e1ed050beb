import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { must } from '../src/shared/assert.ts';
import { CheckIns } from './generate.ts';
import { KafkaLoad } from './kafka-load.ts';
import { KEYS } from './pipeline-arm.ts';

/**
 * Check-ins at a rate that waits for nobody, from a process of its own: whoever looks at the clock for them must not be held up by
 * making them. All are made before the first is sent, so that little is left to do while they are due.
 */

export interface Pace {
  readonly address: string;
  readonly topic: string;
  readonly prefix: string;
  readonly partitions: number;
  /** Number of the first check-in. */
  readonly from: number;
  readonly total: number;
  /** Records a second. */
  readonly rate: number;
}

/** From this process to the one that asked for it: when all records are made, and when all are sent. */
interface Report {
  /** The longest delay by then. */
  readonly lateMs: number;
}

const TICK_MS = 2;
const LINGER_MS = 1;
const CHUNK_RECORDS = 10_000;

/** When a record is due, ms behind the start. */
export function dueAt(n: number, rate: number): number {
  return (n / rate) * 1000;
}

/**
 * What is due in one tick goes to one partition: a request for each record would be more than a broker on the same cores can take, and
 * records would wait in the generator's queue instead of in Kafka.
 */
export function partitionAt(n: number, { rate, partitions }: Pick<Pace, 'rate' | 'partitions'>): number {
  return Math.floor(dueAt(n, rate) / TICK_MS) % partitions;
}

export class PacedLoad {
  readonly #child: ChildProcess;
  readonly #kill = (): void => void this.#child.kill('SIGKILL');

  private constructor(child: ChildProcess) {
    this.#child = child;
    process.once('exit', this.#kill);
  }

  /** Resolves when every record is made. */
  static async make(pace: Pace): Promise<PacedLoad> {
    const child = fork(fileURLToPath(import.meta.url), [JSON.stringify(pace)], {
      execArgv: ['--import', 'tsx'],
    });
    const load = new PacedLoad(child);
    await load.#next();
    return load;
  }

  /** Sends every record when it is due, or as soon after as there is time for it; answers the longest delay, ms. */
  async send(startedAt: number): Promise<number> {
    this.#child.send({ startedAt });
    const { lateMs } = await this.#next();
    return lateMs;
  }

  stop(): void {
    process.off('exit', this.#kill);
    this.#kill();
  }

  async #next(): Promise<Report> {
    const message = await Promise.race([once(this.#child, 'message'), once(this.#child, 'exit')]);
    const [first] = message as [Report | number | null];
    if (typeof first === 'object' && first !== null) return first;
    throw new Error(`the generator of the load ended with ${String(first)}`);
  }
}

/** Records in a few large pieces: a million small buffers would be as many objects for the garbage collector. */
class MadeRecords {
  readonly #values: Buffer[] = [];
  readonly #ends: Uint32Array[] = [];
  readonly #keys: string[] = [];

  constructor({ prefix, from, total }: Pace) {
    const checkIns = new CheckIns({ keys: KEYS, prefix });
    for (let begin = 0; begin < total; begin += CHUNK_RECORDS) {
      const texts: string[] = [];
      const ends: number[] = [];
      let end = 0;
      for (let n = begin; n < Math.min(total, begin + CHUNK_RECORDS); n += 1) {
        const { key, value } = checkIns.record(from + n);
        texts.push(value);
        this.#keys.push(key);
        end += Buffer.byteLength(value);
        ends.push(end);
      }
      this.#values.push(Buffer.from(texts.join('')));
      this.#ends.push(Uint32Array.from(ends));
    }
  }

  key(n: number): string {
    return must(this.#keys[n], 'key');
  }

  value(n: number): Buffer {
    const [chunk, index] = [Math.floor(n / CHUNK_RECORDS), n % CHUNK_RECORDS];
    const ends = must(this.#ends[chunk], 'piece');
    const start = index === 0 ? 0 : ends[index - 1];
    return must(this.#values[chunk], 'piece').subarray(start, ends[index]);
  }
}

async function generate(pace: Pace): Promise<void> {
  const tell = (report: Report): void => void process.send?.(report);
  const producer = await KafkaLoad.connect(pace.address, LINGER_MS);
  const records = new MadeRecords(pace);
  const asked = once(process, 'message');
  tell({ lateMs: 0 });
  const [{ startedAt }] = (await asked) as [{ readonly startedAt: number }];
  tell({ lateMs: await sendAll(producer, records, pace, startedAt) });
  await producer.close();
  process.disconnect();
}

async function sendAll(
  producer: KafkaLoad,
  records: MadeRecords,
  pace: Pace,
  startedAt: number,
): Promise<number> {
  let late = 0;
  for (let n = 0; n < pace.total; ) {
    for (; n < pace.total; n += 1) {
      const at = startedAt + dueAt(n, pace.rate);
      if (at > Date.now()) break;
      const record = { key: records.key(n), value: records.value(n) };
      await producer.send(pace.topic, record, partitionAt(n, pace), undefined, Math.floor(at));
      late = Math.max(late, Date.now() - at);
    }
    await sleep(TICK_MS);
  }
  await producer.flush();
  return late;
}

const [, script, given] = process.argv;
if (script === fileURLToPath(import.meta.url) && given !== undefined)
  await generate(JSON.parse(given) as Pace);
