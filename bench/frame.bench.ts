import { AnalyticsFrameReader, AnalyticsFrameWriter } from '../src/shared/analytics-frame.ts';
import { RecordFrameReader, RecordFrameWriter } from '../src/shared/record-frame.ts';
import { encodeHeaders } from '../src/shared/record-headers.ts';
import { CheckIns, START_MS } from './generate.ts';
import { type Arm, type BenchOptions, type OpenSubject, type Subject, timed, workMs } from './harness.ts';

/** What the shared-memory frames cost on either side, without any other work. */
export const frame: Subject = {
  name: 'frame',
  about: 'shared-memory frames: fill and read, both directions',
  shown: ['us_per_record', 'cpu_us_per_record'],
  rounds: 5,
  warmUp: true,
  smoke: true,
  open: (options) => Promise.resolve(open(options)),
};

const SLOT_BYTES = 524_288;
/** Debezium's own, as captured. */
const HEADERS = [
  { '__debezium.context.connectorLogicalName': 'tactical' },
  { '__debezium.context.taskId': '0' },
  { '__debezium.context.connectorName': 'postgresql' },
  { '__debezium.context.runId': '01a205b2-adcc-7fbd-81e1-0a75f74f77d3' },
];

function open(options: BenchOptions): OpenSubject {
  const forMs = workMs(options);
  const checkIns = new CheckIns({ keys: 20_000 });
  const records = Array.from({ length: 400 }, (_, index) => {
    const { key, value } = checkIns.record(index);
    return { key, value, keyBytes: Buffer.from(key), valueBytes: Buffer.from(value) };
  });
  const slot = new SharedArrayBuffer(SLOT_BYTES * 2);
  const fill = (headers: () => Uint8Array) => {
    const writer = new RecordFrameWriter(slot);
    for (const [index, { keyBytes, valueBytes }] of records.entries()) {
      writer.append(0, 3, index, START_MS, keyBytes, valueBytes, headers());
    }
    return writer.count;
  };
  const none = encodeHeaders(undefined);
  const analytics = new SharedArrayBuffer(SLOT_BYTES * 2);
  const fillAnalytics = () => {
    const writer = new AnalyticsFrameWriter(analytics);
    for (const [index, { key, value }] of records.entries()) writer.append(index, 2, key, value);
    writer.finish();
    return writer.count;
  };
  fillAnalytics();
  const arm = (name: string, work: () => number, before: () => void = () => undefined): Arm => ({
    name,
    measure: () => {
      before();
      return timed(forMs, work);
    },
  });
  const filled = () => void fill(() => none);
  return {
    arms: [
      arm('fill records', () => fill(() => none)),
      arm('fill records with 4 headers', () => fill(() => encodeHeaders(HEADERS))),
      arm('read records as text', () => readTexts(slot), filled),
      arm('fill analytics', fillAnalytics),
      arm('read analytics', () => readAnalytics(analytics)),
    ],
    settings: { recordsPerFrame: records.length, valueBytes: records[0]?.value.length ?? 0 },
  };
}

function readTexts(slot: SharedArrayBuffer): number {
  const reader = new RecordFrameReader(slot);
  for (let index = 0; index < reader.count; index += 1) {
    reader.keyText(index);
    reader.valueText(index);
    reader.offset(index);
    reader.timestamp(index);
  }
  return reader.count;
}

function readAnalytics(slot: SharedArrayBuffer): number {
  const reader = new AnalyticsFrameReader(slot);
  for (let index = 0; index < reader.count; index += 1) {
    reader.key(index);
    reader.value(index);
  }
  return reader.count;
}
