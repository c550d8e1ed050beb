/**
 * Which stage of a record's path a function's time belongs to, as one table. A sample is counted to the first frame, from the innermost
 * outwards, that a rule of the product's own files names; what is called from several stages has no rule and so counts to its caller.
 * Only a stack without any of these is decided by the packages on it.
 */

export const STAGES = [
  'native consume',
  'hand-over',
  'decode',
  'guard',
  'enrich',
  'encode',
  'write',
  'produce',
  'commit',
  'follow-up',
  'metrics and logs',
  'garbage collection and compiling',
  'event loop and the rest',
] as const;

export type Stage = (typeof STAGES)[number];

export type ThreadKind = 'main' | 'worker';

/** A rule holds for a file, without `src/` and its ending, or for a package's folder; for one kind of thread, or for both. */
interface Rule {
  readonly file: RegExp;
  readonly functions?: RegExp;
  readonly thread?: ThreadKind;
  readonly stage: Stage;
}

const rule = (stage: Stage, file: RegExp, functions?: RegExp): Rule =>
  functions === undefined ? { stage, file } : { stage, file, functions };

/** The first that holds. */
export const PRODUCT_RULES: readonly Rule[] = [
  rule('commit', /^main\/consume$/, /^commit/),
  rule('native consume', /^main\/consume$/),
  rule('native consume', /^main\/poll-loop$/),
  rule('native consume', /^main\/handover\/(native-addon|open-handover|intake)$/),
  rule('native consume', /^main\/handover\/(native-intake|plain-intake)$/, /^(take|#fill|rowsOf)$/),
  rule('hand-over', /^main\/handover\/(native-intake|plain-intake|record-queue)$/),
  rule('commit', /^main\/pipeline$/, /^#committed$/),
  rule('hand-over', /^main\/pipeline$/),
  rule('commit', /^main\/partitions$/, /^advance$/),
  rule('hand-over', /^main\/(partitions|dispatch|lane|backpressure|worker-pool)$/),
  rule('commit', /^main\/produce$/, /^(barrier|#flush|turn)$/),
  rule('produce', /^main\/(produce|collect|dead-letter)$/),
  rule('produce', /^main\/acknowledge$/, /^#(produce|produceAll|produceAgain|refusedAlone)$/),
  rule('commit', /^main\/(acknowledge|drain|within|end-process)$/),
  rule('follow-up', /^main\/follow-ups$/),
  rule(
    'metrics and logs',
    /^main\/(metrics|metrics-table|pipeline-metrics|stage-latency|counted-histogram|lag|logger|seldom|management-server|service)$/,
  ),

  rule('hand-over', /^shared\/record-frame$/),
  { thread: 'worker', stage: 'encode', file: /^shared\/analytics-frame$/ },
  { thread: 'main', stage: 'produce', file: /^shared\/analytics-frame$/ },

  rule('decode', /^workers\/batch$/, /^#(decode|take|reject)$/),
  rule('write', /^workers\/batch$/, /^#(begin|addGone|submit|move|settle|settleRows|rejectWrite|decided)$/),
  rule('hand-over', /^workers\/(worker|batch|batch-entry|record-outcomes|frame-source)$/),
  rule('guard', /^workers\/(guard|guard-table|redact|secret-name|secret-text|acknowledged-changes)$/),
  rule(
    'decode',
    /^workers\/(decode|debezium-envelope|envelope-slice|schema-wrapper|source-finder|topic|record-key|extended-json|rejection)$/,
  ),
  rule(
    'decode',
    /^workers\/(mapping|mappings|columns-builder|compiled|mapped-table|reading|conversions|classified|details|one-line|unmapped-events)$/,
  ),
  rule('decode', /^workers\/sources\//),
  rule('enrich', /^workers\/(enrich|look-up|reference|reference-cache|follow-rules|truncations)$/),
  rule('enrich', /^workers\/providers\//),
  rule('encode', /^shared\/json-bytes$/),
  rule('encode', /^workers\/(analytics-record|batch-analytics|row-version)$/),
  rule('write', /^workers\/(write|circuit|coalesce|row-work|batch-rows|owned-rows|key-move)$/),
  rule('write', /^workers\/stores\//),
  rule('follow-up', /^workers\/(follow-up|follow-up-tasks|complete|link-devices|device-link|merge)$/),
];

/** What works on its own, from the event loop, without a frame of the product above it. */
const PACKAGE_RULES: readonly Rule[] = [
  rule('native consume', /^node_modules\/node-rdkafka\/lib\/kafka-consumer/),
  rule('produce', /^node_modules\/node-rdkafka\/lib\/producer/),
  rule('native consume', /^node_modules\/node-rdkafka\//),
  rule('hand-over', /^node_modules\/piscina\//),
  rule('hand-over', /^node:internal\/(worker|per_context\/messageport)/),
  rule('write', /^node_modules\/(cassandra-driver|lmdb|msgpackr)\//),
  rule('metrics and logs', /^node_modules\/(prom-client|pino|hono|@hono)/),
];

/** One frame of a stack: its function, and its file as `main/consume`, `node_modules/…`, `node:…`, or empty for native code. */
export interface Frame {
  readonly name: string;
  readonly file: string;
}

/** `undefined`: the profiler's own work, which an unprofiled run does not have. */
export function stageOf(stack: readonly Frame[], thread: ThreadKind): Stage | undefined {
  const [inner] = stack;
  if (inner === undefined) return 'event loop and the rest';
  if (inner.name === '(garbage collector)') return 'garbage collection and compiling';
  // Native code without a JavaScript caller: on the main thread that is node-rdkafka, which makes an object of each record consumed.
  if (inner.name === '(program)') return thread === 'main' ? 'native consume' : 'event loop and the rest';
  if (stack.some(({ file }) => file === 'node:inspector' || file.endsWith('profile-thread.mjs')))
    return undefined;
  return (
    firstRule(stack, thread, PRODUCT_RULES) ??
    firstRule(stack, thread, PACKAGE_RULES) ??
    'event loop and the rest'
  );
}

function firstRule(stack: readonly Frame[], thread: ThreadKind, rules: readonly Rule[]): Stage | undefined {
  for (const frame of stack) {
    const found = rules.find((one) => holds(one, frame, thread));
    if (found !== undefined) return found.stage;
  }
  return undefined;
}

function holds({ file, functions, thread: only }: Rule, frame: Frame, thread: ThreadKind): boolean {
  return (
    (only === undefined || only === thread) && file.test(frame.file) && functions?.test(frame.name) !== false
  );
}

/** A profile's url as the rules know it; `root` is the project's folder. */
export function fileOf(url: string, root: string): string {
  const path = url.replace(/^file:\/\//, '');
  const own = /(?:^|\/)(?:dist|src)\/((?:main|workers|shared|cli)\/.*)\.(?:js|ts)$/.exec(path);
  if (own?.[1] !== undefined && !path.includes('node_modules/')) return own[1];
  const inside = path.lastIndexOf('node_modules/');
  if (inside >= 0) return path.slice(inside);
  return path.startsWith(`${root}/`) ? path.slice(root.length + 1) : path;
}

/** A thread that runs no JavaScript, as /proc shows it. */
export interface NativeThread {
  readonly name: string;
  /** Whose thread of librdkafka it is: the class of node-rdkafka's client. */
  readonly client?: string;
  /** Whether it was there before anything ran on libuv's pool. */
  readonly helper: boolean;
}

/**
 * A consumer's threads fetch, decompress and speak to the group, commits included; a producer's compress and send. libuv's pool takes
 * records from the consumer's queue (and waits in flush, which costs nothing). V8's helpers collect garbage and compile. The profiler's own
 * thread is no part of the program.
 */
export function stageOfNativeThread({ name, client, helper }: NativeThread): Stage | undefined {
  if (name.startsWith('rdk:')) return client === 'Producer' ? 'produce' : 'native consume';
  if (name.startsWith('v8:Prof')) return undefined;
  return helper ? 'garbage collection and compiling' : 'native consume';
}
