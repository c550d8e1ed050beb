import { RecordFrameWriter } from '../src/shared/record-frame.ts';
import type { Slot } from '../src/shared/worker-protocol.ts';
import { type CheckInOptions, CheckIns, START_MS } from './generate.ts';
import { type Arm, type BenchOptions, type OpenSubject, type Subject, workMs } from './harness.ts';
import {
  type Batch,
  newDecoder,
  newStages,
  SLOT_BYTES,
  seeReferences,
  timedBatches,
} from './worker-parts.ts';

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

const BATCHES = 16;

async function open(options: BenchOptions): Promise<OpenSubject> {
  const none = new Uint8Array(0);
  let checkIns: CheckIns;
  const stages = newStages(newDecoder(), () => checkIns.topic);
  await seeReferences(stages);
  const arm = (name: string, more: Partial<CheckInOptions>): Arm => {
    const source = new CheckIns({ keys: 20_000, ...more });
    const batches: Batch[] = [];
    for (let index = 0; batches.length < BATCHES; ) {
      const slot: Slot = {
        records: new SharedArrayBuffer(SLOT_BYTES),
        analytics: new SharedArrayBuffer(SLOT_BYTES),
      };
      const writer = new RecordFrameWriter(slot.records);
      for (; ; index += 1) {
        const { key, value } = source.record(index);
        if (!writer.append(0, 0, index, START_MS, Buffer.from(key), Buffer.from(value), none)) break;
      }
      batches.push({ slot, records: writer.count });
    }
    return {
      name,
      measure: () => {
        checkIns = source;
        return timedBatches(workMs(options), stages, batches);
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
