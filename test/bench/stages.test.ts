import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { root } from '../../bench/machine.ts';
import { seenAt } from '../../bench/profile.ts';
import { type CpuProfile, nativeMicros, stageMicros, stageTable } from '../../bench/stage-table.ts';
import { type Frame, fileOf, PRODUCT_RULES, stageOf, stageOfNativeThread } from '../../bench/stages.ts';

const frame = (name: string, file = ''): Frame => ({ name, file });

/** Files whose functions are called from several stages, or at start only: their time counts to the caller's stage. */
const CALLED_FROM_SEVERAL = new Set([
  ...['main/kafka-settings', 'main/observer', 'main/pipeline-settings', 'main/source-topics'],
  ...['main/worker-count', 'workers/batch-stages', 'workers/cut-text', 'workers/json-text', 'workers/row'],
  ...['workers/timestamps'],
]);

function sourceFiles(folder: string): string[] {
  return readdirSync(join(root, 'src', folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => fileOf(join(entry.parentPath, entry.name), root));
}

describe('the map from functions to stages', () => {
  const files = [...sourceFiles('main'), ...sourceFiles('workers'), ...sourceFiles('shared')];

  test('has a place for every file of the main thread and of the workers', () => {
    const placed = (file: string): boolean => PRODUCT_RULES.some((rule) => rule.file.test(file));
    const lost = files.filter(
      (file) => !/^(shared\/|main\/config)/.test(file) && !placed(file) && !CALLED_FROM_SEVERAL.has(file),
    );
    expect(lost).toEqual([]);
  });

  test('has no rule for a file that is not there', () => {
    const idle = PRODUCT_RULES.filter((rule) => !files.some((file) => rule.file.test(file)));
    expect(idle).toEqual([]);
    expect([...CALLED_FROM_SEVERAL].filter((file) => !files.includes(file))).toEqual([]);
  });

  test('counts what has no rule to whoever called it', () => {
    const quoted = [frame('stringify'), frame('textOf', 'workers/json-text')];
    expect(stageOf([...quoted, frame('encode', 'workers/analytics-record')], 'worker')).toBe('encode');
    expect(stageOf([...quoted, frame('decode', 'workers/decode')], 'worker')).toBe('decode');
  });

  test('counts to the innermost stage: a guard within decoding is a guard', () => {
    const stack = [frame('guarded', 'workers/guard'), frame('read', 'workers/mapping')];
    expect(stageOf([...stack, frame('prepare', 'workers/batch')], 'worker')).toBe('guard');
  });

  test('tells producing from committing within one file', () => {
    expect(stageOf([frame('#produce', 'main/acknowledge')], 'main')).toBe('produce');
    expect(stageOf([frame('#acknowledge', 'main/acknowledge')], 'main')).toBe('commit');
    const native = [
      frame('Producer'),
      frame('Producer.produce', 'node_modules/node-rdkafka/lib/producer.js'),
    ];
    expect(stageOf(native, 'main')).toBe('produce');
  });

  test('counts a frame buffer to whoever is at its end', () => {
    expect(stageOf([frame('value', 'shared/analytics-frame')], 'main')).toBe('produce');
    expect(stageOf([frame('append', 'shared/analytics-frame')], 'worker')).toBe('encode');
  });

  test('asks the packages only where nothing of the product is on the stack', () => {
    const driver = frame('write', 'node_modules/cassandra-driver/lib/connection.js');
    expect(stageOf([driver, frame('read', 'workers/look-up')], 'worker')).toBe('enrich');
    expect(stageOf([driver, frame('onread', 'node:internal/stream_base_commons')], 'worker')).toBe('write');
  });

  test('knows native code without a caller by its thread, and leaves the profiler out', () => {
    expect(stageOf([frame('(program)'), frame('(root)')], 'main')).toBe('native consume');
    expect(stageOf([frame('(program)'), frame('(root)')], 'worker')).toBe('event loop and the rest');
    expect(stageOf([frame('(garbage collector)')], 'worker')).toBe('garbage collection and compiling');
    expect(stageOf([frame('dispatch'), frame('post', 'node:inspector')], 'main')).toBeUndefined();
  });

  test('knows a file whether it runs compiled, copied or as it is', () => {
    expect(fileOf('file:///p/dist/main/consume.js', '/p')).toBe('main/consume');
    expect(fileOf('file:///p/.stack/bench-1/dist/workers/stores/row.js', '/p')).toBe('workers/stores/row');
    expect(fileOf('/p/src/shared/record-frame.ts', '/p')).toBe('shared/record-frame');
    expect(fileOf('file:///p/node_modules/piscina/dist/main/index.js', '/p')).toBe(
      'node_modules/piscina/dist/main/index.js',
    );
    expect(fileOf('node:buffer', '/p')).toBe('node:buffer');
  });

  test("tells a consumer's threads of librdkafka from a producer's", () => {
    const thread = { name: 'rdk:broker1', helper: false };
    expect(stageOfNativeThread({ ...thread, client: 'KafkaConsumer' })).toBe('native consume');
    expect(stageOfNativeThread({ ...thread, client: 'Producer' })).toBe('produce');
    expect(stageOfNativeThread({ name: 'v8:ProfEvntProc', helper: false })).toBeUndefined();
  });
});

describe('the table of stages', () => {
  const node = (id: number, functionName: string, url: string, children: number[] = []) => ({
    id,
    children,
    callFrame: { functionName, url, lineNumber: 0 },
  });
  const profile: CpuProfile = {
    nodes: [
      node(1, '(root)', '', [2, 4, 5]),
      node(2, 'decode', 'file:///p/dist/workers/decode.js', [3]),
      node(3, 'stringify', ''),
      node(4, '(idle)', ''),
      node(5, '(garbage collector)', ''),
    ],
    samples: [2, 3, 4, 5],
    timeDeltas: [100, 200, 500, 100],
    startTime: 0,
    endTime: 900,
    cpuMicros: 200,
    thread: 11,
  };

  test("spreads a thread's CPU over its stages by the time that was not idle", () => {
    const micros = stageMicros(profile, 'worker');
    expect([...micros]).toEqual([
      ['decode', 150],
      ['garbage collection and compiling', 50],
    ]);
  });

  test('counts threads without JavaScript by their names and ages', () => {
    const seen = [
      { thread: 10, name: 'node', cpuMicros: 1000 },
      { thread: 11, name: 'node', cpuMicros: 1000 },
      { thread: 12, name: 'node', cpuMicros: 7 },
      { thread: 13, name: 'node', cpuMicros: 5 },
      { thread: 14, name: 'rdk:broker1', client: 'Producer', cpuMicros: 3 },
      { thread: 15, name: 'rdk:broker1', client: 'KafkaConsumer', cpuMicros: 2 },
    ];
    const { librdkafka, others } = nativeMicros(seen, new Set([10, 11]), 1);
    expect(Object.fromEntries(librdkafka)).toEqual({ produce: 3, 'native consume': 2 });
    expect(Object.fromEntries(others)).toEqual({
      'garbage collection and compiling': 7,
      'native consume': 5,
    });
  });

  test("takes the records of a profile's window from the looks around it", () => {
    const samples = [
      { at: 100, seen: 0 },
      { at: 200, seen: 1000 },
      { at: 400, seen: 2000 },
    ];
    expect([50, 150, 300, 500].map((at) => seenAt(samples, at))).toEqual([0, 500, 1500, 2000]);
  });

  test('shows each stage that took time, with sums and shares', () => {
    const lines = stageTable({
      main: new Map([['native consume', 3]]),
      workers: new Map([['decode', 6]]),
      librdkafka: new Map([['native consume', 1]]),
      'other threads': new Map(),
    });
    expect(lines.slice(2)).toEqual([
      '| native consume | 3.00 |  | 1.00 |  | 4.00 | 40 % |',
      '| decode |  | 6.00 |  |  | 6.00 | 60 % |',
      '| **all** | 3.00 | 6.00 | 1.00 |  | 10.00 | 100 % |',
    ]);
  });
});
