import {
  type Arm,
  type BenchOptions,
  type Figures,
  type OpenSubject,
  recordCount,
  type Skipped,
  type Subject,
} from './harness.ts';
import { KafkaLoad } from './kafka-load.ts';
import { type LatencyRun, openLoop } from './open-loop.ts';
import { lazyLoad, makeLoad, pipelineArm } from './pipeline-arm.ts';
import { benchKafka } from './servers.ts';

/**
 * How long a record takes from its timestamp in Kafka to the commit of its offset, while records come at a rate that does not wait for
 * anybody: what is late makes everything behind it late, and counts.
 */
export const latency: Subject = {
  name: 'latency',
  about: 'time from a record’s Kafka timestamp to its commit, at a share of the greatest rate, open loop',
  shown: ['records_per_second', 'p50_ms', 'p99_ms', 'p999_ms', 'max_ms', 'cpu_us_per_record'],
  rounds: 3,
  warmUp: false,
  smoke: false,
  open,
};

const WORKERS = 2;
/** Of the rate at which the program gets through what waits, measured in the same run. */
const SHARES = [0.1, 0.5, 0.8];

async function open(options: BenchOptions): Promise<OpenSubject | Skipped> {
  const started = await benchKafka();
  if (typeof started === 'string') return { skipped: started };
  const { server } = started;
  const kafka = await KafkaLoad.connect(server.address);
  const close = async (): Promise<void> => {
    await kafka.close();
    await server.stop();
  };
  try {
    const records = recordCount(options, 400_000, 10_000);
    const load = lazyLoad(kafka, () => makeLoad(kafka, records));
    const waiting = pipelineArm({ name: 'what waits', kafka, load, workers: WORKERS, options });
    const greatest = (await waiting.measure()).records_per_second ?? 0;
    const seconds = options.quick ? 5 : 20;
    const arms = SHARES.map((share) => armAt(share, greatest, { kafka, seconds, workers: WORKERS }));
    return {
      arms,
      settings: { records, greatest_records_per_second: Math.round(greatest), seconds, workers: WORKERS },
      versions: started.versions,
      notes: [
        'Records have the time at which they were due. Commits are looked up every few milliseconds, and a record counts as committed when the look-up has answered.',
        'Broker, generator, program and observer share the cores; the greatest rate is that of what waits, without a generator.',
      ],
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function armAt(share: number, greatest: number, run: Omit<LatencyRun, 'rate'>): Arm {
  return {
    name: `${share} of the greatest rate`,
    measure: (): Promise<Figures> => openLoop({ ...run, rate: share * greatest }),
  };
}
