import {
  type BenchOptions,
  type Figures,
  type OpenSubject,
  recordCount,
  type Skipped,
  type Subject,
  spreadOf,
} from './harness.ts';
import { KafkaLoad } from './kafka-load.ts';
import { lazyLoad, makeLoad, pipelineArm } from './pipeline-arm.ts';
import { benchKafka } from './servers.ts';
import type { Watched } from './watch.ts';

/** What the process holds while it gets more records than it can do, as fast as the broker gives them. */
export const memory: Subject = {
  name: 'memory',
  about: 'resident memory with 2 workers through 2 million waiting records',
  shown: ['rss_peak_mb', 'rss_third_quarter_mb', 'rss_last_quarter_mb', 'records_per_second'],
  rounds: 1,
  warmUp: false,
  smoke: false,
  open,
};

async function open(options: BenchOptions): Promise<OpenSubject | Skipped> {
  const started = await benchKafka();
  if (typeof started === 'string') return { skipped: started };
  const { server } = started;
  const records = recordCount(options, 2_000_000, 10_000);
  const kafka = await KafkaLoad.connect(server.address);
  const load = lazyLoad(kafka, () => makeLoad(kafka, records));
  return {
    arms: [pipelineArm({ name: '2 workers', kafka, load, workers: 2, options, also: memoryFigures })],
    settings: { records },
    versions: started.versions,
    close: async () => {
      await kafka.close();
      await server.stop();
    },
  };
}

/** Medians of the quarters by records: memory that grows with them shows here. */
function memoryFigures({ samples }: Watched): Figures {
  const total = samples.at(-1)?.seen ?? 0;
  const quarter = (number: number): number =>
    spreadOf(
      samples
        .filter(({ seen }) => seen > ((number - 1) / 4) * total && seen <= (number / 4) * total)
        .map(({ rssMb }) => rssMb),
    ).median;
  return {
    rss_second_quarter_mb: quarter(2),
    rss_third_quarter_mb: quarter(3),
    rss_last_quarter_mb: quarter(4),
  };
}
