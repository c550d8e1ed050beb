import { readFileSync } from 'node:fs';
import Kafka from 'node-rdkafka';
import { type Config, processVariable } from '../../main/config.ts';
import { loadAddon } from '../../main/handover/native-addon.ts';
import { usableCores, workerCount } from '../../main/worker-count.ts';
import { type Finding, fail, ok, warn } from './finding.ts';

/** Partitions, brokers and nodes take a descriptor each; below this a busy process runs out. */
const OPEN_FILES_MIN = 4096;
/** Every connect, flush, commit and poll of librdkafka holds a thread of libuv's pool while it waits. */
const POOL_THREADS_MIN = 4;

function codec(config: Config): Finding {
  const { features } = Kafka;
  const detail = `librdkafka ${Kafka.librdkafkaVersion}: ${features.join(',')}`;
  if (features.includes('zstd')) return ok('kafka client', detail);
  const advice =
    'install libzstd-dev, then npm rebuild node-rdkafka: one zstd batch in a source topic would stop the pipeline';
  const check = config.kafka.producer.compression === 'zstd' ? fail : warn;
  return check('kafka client', `${detail}; zstd is missing`, advice);
}

function securityFeatures({ kafka: { security } }: Config): Finding {
  const needed = [
    ...(security.protocol.endsWith('ssl') ? ['ssl'] : []),
    ...(security.protocol.startsWith('sasl')
      ? [security.saslMechanism === 'PLAIN' ? 'sasl_plain' : 'sasl_scram']
      : []),
  ];
  const missing = needed.filter((feature) => !Kafka.features.includes(feature));
  return missing.length === 0
    ? ok('kafka security', `${security.protocol} is built in`)
    : fail(
        'kafka security',
        `librdkafka lacks ${missing.join(', ')}`,
        'install libssl-dev, then npm rebuild node-rdkafka',
      );
}

/** `Max open files            1024                 524288               files` */
export function openFilesLimit(limits: string): number | undefined {
  const soft = /^Max open files\s+(\d+|unlimited)/m.exec(limits)?.[1];
  if (soft === undefined) return undefined;
  return soft === 'unlimited' ? Number.POSITIVE_INFINITY : Number(soft);
}

function openFiles(): Finding {
  let limit: number | undefined;
  try {
    limit = openFilesLimit(readFileSync('/proc/self/limits', 'utf8'));
  } catch {
    limit = undefined; // no /proc
  }
  if (limit === undefined) return warn('open files', 'the limit cannot be read here', 'see ulimit -n');
  if (limit >= OPEN_FILES_MIN) return ok('open files', `limit ${limit}`);
  return warn(
    'open files',
    `limit ${limit}`,
    `raise it to ${OPEN_FILES_MIN} or more (ulimit -n, LimitNOFILE=)`,
  );
}

function workers(config: Config): Finding {
  const cores = usableCores();
  const count = workerCount(config.workers.count, cores);
  const detail = `${count} workers on ${cores} usable cores`;
  if (count <= cores) return ok('workers', detail);
  return warn('workers', detail, 'workers beyond the cores only wait for each other: lower workers.count');
}

function threadPool(): Finding {
  const written = processVariable('UV_THREADPOOL_SIZE');
  const size = written === undefined ? 4 : Number(written);
  const detail = `UV_THREADPOOL_SIZE ${written ?? 'not set (4)'}`;
  if (size > POOL_THREADS_MIN) return ok('thread pool', detail);
  return warn(
    'thread pool',
    detail,
    'set UV_THREADPOOL_SIZE=8: polls, flushes and commits of librdkafka wait in this pool',
  );
}

/** Exported for tests: `loaded` is what loadAddon answers. */
export function handover(wanted: 'native' | 'plain', loaded: ReturnType<typeof loadAddon>): Finding {
  if (wanted === 'plain') return ok('hand-over', 'plain, as configured');
  if (!('unusable' in loaded)) return ok('hand-over', `native, for node-rdkafka ${loaded.nodeRdkafka}`);
  const detail = `plain, because the addon cannot be used: ${loaded.unusable}`;
  return warn(
    'hand-over',
    detail,
    'install g++, make and python3, then npm run build:native; or set handover: plain',
  );
}

function node(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const enough = major > 20 || (major === 20 && minor >= 19);
  return enough ? ok('node', process.version) : fail('node', process.version, 'install Node 20.19 or newer');
}

/** Of this process and machine; nothing is connected to. */
export function processFindings(config: Config): Finding[] {
  return [
    node(),
    codec(config),
    securityFeatures(config),
    handover(config.handover, loadAddon()),
    openFiles(),
    workers(config),
    threadPool(),
  ];
}
