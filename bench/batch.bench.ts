import { RecordFrameWriter } from '../src/shared/record-frame.ts';
import type { Slot } from '../src/shared/worker-protocol.ts';
import { BatchRun, type BatchStages } from '../src/workers/batch.ts';
import { KeyMoves } from '../src/workers/key-move.ts';
import { NoStore } from '../src/workers/stores/no-store.ts';
import { type CheckInOptions, CheckIns, START_MS } from './generate.ts';
import { type Arm, type BenchOptions, type OpenSubject, type Subject, timed, workMs } from './harness.ts';
import { BUCKETS, newDecoder, newEnricher } from './worker-parts.ts';

/** Everything that a worker does with a batch, without a store: frame in, frame out. */
export const batch: Subject = {
  name: 'batch',
  about: "a worker's whole work on a batch, without a store",
  shown: ['us_per_record', 'cpu_us_per_record', 'decode_us', 'enrich_us', 'encode_us'],
  rounds: 5,
  warmUp: true,
  smoke: true,
  open,
};

const SLOT_BYTES = 524_288;

async function open(options: BenchOptions): Promise<OpenSubject> {
  const decoder = newDecoder();
  const enricher = await newEnricher(decoder);
  const none = new Uint8Array(0);
  const store = new NoStore(BUCKETS);
  const now = Date.now();
  let checkIns: CheckIns;
  const stages: BatchStages = {
    decoder,
    enricher,
    moves: new KeyMoves(
      store,
      () => Promise.resolve(),
      (read) => read(),
    ),
    writer: null,
    topicOf: () => checkIns.topic,
    now: () => now,
    takeCounters: () => ({}),
  };
  const arm = (name: string, more: Partial<CheckInOptions>): Arm => {
    const source = new CheckIns({ keys: 20_000, ...more });
    const slot: Slot = {
      records: new SharedArrayBuffer(SLOT_BYTES),
      analytics: new SharedArrayBuffer(SLOT_BYTES),
    };
    const writer = new RecordFrameWriter(slot.records);
    for (let index = 0; ; index += 1) {
      const { key, value } = source.record(index);
      if (!writer.append(0, 0, index, START_MS, Buffer.from(key), Buffer.from(value), none)) break;
    }
    return {
      name,
      measure: async () => {
        checkIns = source;
        const seconds = { decode: 0, enrich: 0, encode: 0 };
        const figures = await timed(workMs(options), async () => {
          const run = new BatchRun(stages, slot, slot.records);
          await run.prepare();
          const result = await run.finish();
          for (const stage of ['decode', 'enrich', 'encode'] as const) seconds[stage] += result.stages[stage];
          return writer.count;
        });
        const perRecord = (stage: 'decode' | 'enrich' | 'encode'): number =>
          (seconds[stage] * 1e6) / (figures.records ?? 1);
        return {
          ...figures,
          decode_us: perRecord('decode'),
          enrich_us: perRecord('enrich'),
          encode_us: perRecord('encode'),
        };
      },
    };
  };
  return {
    arms: [
      arm('check-in', {}),
      arm('check-in, whole row', { wholeRow: true }),
      arm('check-in, schema', { schema: true }),
    ],
    settings: { slotBytes: SLOT_BYTES },
  };
}
