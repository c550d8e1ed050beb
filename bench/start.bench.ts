import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type BenchOptions,
  type Figures,
  type OpenSubject,
  recordCount,
  type Skipped,
  type Subject,
} from './harness.ts';
import { KafkaLoad } from './kafka-load.ts';
import { applyTopics, type Load, makeLoad, OUTPUT } from './pipeline-arm.ts';
import { benchKafka } from './servers.ts';
import { logTail, type Running, startService } from './service-process.ts';

/** From the start of the process until it consumes. */
export const start: Subject = {
  name: 'start',
  about: 'time from the start of `run` until it has joined, and until its first record is out',
  shown: ['joining_seconds', 'assigned_seconds', 'join_delay_seconds', 'first_output_seconds'],
  rounds: 5,
  warmUp: false,
  smoke: false,
  open,
};

const WITHIN_MS = 60_000;
const LOOK_MS = 10;

async function open(options: BenchOptions): Promise<OpenSubject | Skipped> {
  const started = await benchKafka();
  if (typeof started === 'string') return { skipped: started };
  const { server } = started;
  const kafka = await KafkaLoad.connect(server.address);
  const load = await makeLoad(kafka, recordCount(options, 1000, 100));
  applyTopics(kafka, load);
  return {
    arms: [{ name: '2 workers', measure: () => measureStart(kafka, load) }],
    settings: { partitions: load.partitions, records: load.records },
    versions: started.versions,
    notes: [
      'Joining: the workers run and the group is asked for. What the group takes to answer is the join delay.',
    ],
    close: async () => {
      await kafka.close();
      await server.stop();
    },
  };
}

async function measureStart(kafka: KafkaLoad, load: Load): Promise<Figures> {
  const partitions = await kafka.partitions(OUTPUT);
  const before = await kafka.ends(OUTPUT, partitions);
  const running = startService({
    kafka: kafka.address,
    group: `bench-start-${Date.now()}`,
    workers: 2,
    prefix: load.prefix,
  });
  try {
    const joining = await untilSeconds(running, () => logged(running, 'management port open'));
    const assigned = await untilSeconds(running, () => logged(running, 'assigned '));
    const output = await untilSeconds(
      running,
      async () => (await kafka.ends(OUTPUT, partitions)).high > before.high,
    );
    return {
      joining_seconds: joining,
      assigned_seconds: assigned,
      join_delay_seconds: assigned - joining,
      first_output_seconds: output,
    };
  } finally {
    await running.stop();
  }
}

function logged(running: Running, text: string): boolean {
  return readFileSync(running.logFile, 'utf8').includes(text);
}

/** Seconds since the process's start when the condition first held. */
async function untilSeconds(running: Running, holds: () => boolean | Promise<boolean>): Promise<number> {
  for (;;) {
    if (await holds()) return (performance.now() - running.startedAt) / 1000;
    if (running.ended() !== undefined || performance.now() - running.startedAt > WITHIN_MS) {
      throw new Error(`it did not start:\n${logTail(running)}`);
    }
    await sleep(LOOK_MS);
  }
}
