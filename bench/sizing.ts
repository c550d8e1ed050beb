import type { ResultLine } from './harness.ts';

/**
 * What a rate takes, for operators: the measured CPU of a record times the rate. It holds as long as cost does not grow with the rate, which
 * nothing here has shown beyond the rates that were measured; so each row says how far beyond them it is.
 */

/** Busy share of a core that is planned for: beyond it, waiting grows faster than the load. */
const BUSY = 0.6;
const RATES = [100, 1000, 10_000, 100_000];
/** Rows below this rate need one of everything, and above the other no single broker sends it. */
const MB_PER_SECOND = { least: 0.3, most: 1000 };

interface Cost {
  readonly bytes: number;
  readonly allMicros: number;
  readonly mainMicros: number;
  readonly rssMb: number;
  /** Of one process with one worker, on the machine of the line. */
  readonly measuredRate: number;
}

export function sizingTable(lines: readonly ResultLine[]): string | undefined {
  const lineOf = (subject: string) => lines.find((line) => line.subject === subject);
  const sizes = lineOf('growth-size');
  if (sizes === undefined) return undefined;
  const store = storeCost(lineOf('pipeline-cassandra'));
  const perWorkerMb = memoryOfWorker(lineOf('growth-workers'));
  const rows = costsOf(sizes).flatMap((cost) =>
    RATES.filter((rate) => {
      const mbPerSecond = (rate * cost.bytes) / 1e6;
      return mbPerSecond >= MB_PER_SECOND.least && mbPerSecond <= MB_PER_SECOND.most;
    }).map((rate) => rowOf(cost, rate, store, perWorkerMb)),
  );
  const head = [
    'value',
    'records/s',
    'MB/s',
    'cores',
    'processes',
    'workers each',
    'partitions',
    'memory MB',
  ];
  const more = store === undefined ? [] : ['cores with Cassandra', "Cassandra's cores"];
  const heads = [...head, ...more, 'times the measured rate'];
  const { cpu, cores } = sizes.machine;
  return [
    `| ${heads.join(' | ')} |`,
    `| ${heads.map(() => '---:').join(' | ')} |`,
    ...rows.map((cells) => `| ${cells.join(' | ')} |`),
    '',
    `From \`growth-size\` of ${sizes.date.slice(0, 10)} on ${cores} × ${cpu}, commit ${sizes.commit}: cores busy to ${BUSY * 100} %.`,
    '',
  ].join('\n');
}

function costsOf({ arms }: ResultLine): Cost[] {
  return Object.values(arms).flatMap((figures) => {
    const of = (name: string): number => figures[name]?.median ?? Number.NaN;
    const cost = {
      bytes: of('value_bytes'),
      allMicros: of('cpu_us_per_record'),
      mainMicros: of('main_us_per_record'),
      rssMb: of('rss_peak_mb'),
      measuredRate: of('records_per_second'),
    };
    return Object.values(cost).some(Number.isNaN) ? [] : [cost];
  });
}

interface StoreCost {
  readonly clientMicros: number;
  readonly serverMicros: number;
}

function storeCost(line: ResultLine | undefined): StoreCost | undefined {
  const writer = Object.entries(line?.arms ?? {}).find(([name]) => name.startsWith('writer'))?.[1];
  const clientMicros = writer?.client_cpu_us_per_row?.median;
  const serverMicros = writer?.server_cpu_us_per_row?.median;
  return clientMicros === undefined || serverMicros === undefined
    ? undefined
    : { clientMicros, serverMicros };
}

/** What a further worker takes: the mean step from the arm with the fewest workers to that with the most. */
function memoryOfWorker(line: ResultLine | undefined): number {
  const peaks = Object.values(line?.arms ?? {}).flatMap(({ rss_peak_mb: peak }) =>
    peak ? [peak.median] : [],
  );
  const [first] = peaks;
  const last = peaks.at(-1);
  return first === undefined || last === undefined || peaks.length < 2
    ? 0
    : Math.max(0, (last - first) / (peaks.length - 1));
}

function rowOf(cost: Cost, rate: number, store: StoreCost | undefined, perWorkerMb: number): string[] {
  const cores = (micros: number): number => (rate * micros) / 1e6 / BUSY;
  const client = store?.clientMicros ?? 0;
  const processes = atLeast(cores(cost.mainMicros));
  // librdkafka's and V8's threads are in the workers' share: they need cores, too.
  const workers = atLeast(cores(cost.allMicros - cost.mainMicros + client) / processes);
  const all = processes * workers;
  const memory = processes * (cost.rssMb + (workers - 1) * perWorkerMb);
  return [
    cost.bytes >= 1000 ? `${(cost.bytes / 1000).toFixed(cost.bytes < 10_000 ? 1 : 0)} kB` : `${cost.bytes} B`,
    spaced(rate),
    plain((rate * cost.bytes) / 1e6),
    plain(cores(cost.allMicros)),
    String(processes),
    String(workers),
    // A partition has one worker: with two or three for each, a new share of them is still even.
    spaced(all * 3),
    spaced(Math.ceil(memory / 10) * 10),
    ...(store === undefined ? [] : [plain(cores(cost.allMicros + client)), plain(cores(store.serverMicros))]),
    plain(rate / cost.measuredRate),
  ];
}

/** A sum of measured figures that comes to 7.000000000000001 is 7. */
function atLeast(count: number): number {
  return Math.max(1, Math.ceil(count - 1e-6));
}

function plain(value: number): string {
  return value >= 10 ? spaced(Math.round(value)) : value.toFixed(value < 1 ? 2 : 1);
}

function spaced(value: number): string {
  return value.toLocaleString('en-US').replaceAll(',', '\u202f');
}
