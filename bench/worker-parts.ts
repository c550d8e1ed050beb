import { setHeapFlags } from '../src/main/worker-pool.ts';
import { must } from '../src/shared/assert.ts';
import { toSourceRecord } from '../src/shared/captured-record.ts';
import type { Mutation } from '../src/shared/mutation.ts';
import type { SourceRecord } from '../src/shared/record.ts';
import type { SourceDefinition } from '../src/shared/settings.ts';
import { createBoard, ReferenceEpochs } from '../src/shared/shared-board.ts';
import type { Slot } from '../src/shared/worker-protocol.ts';
import { BatchRun } from '../src/workers/batch.ts';
import { type BatchStages, createStages } from '../src/workers/batch-stages.ts';
import { createDecoder, type Decoder } from '../src/workers/decode.ts';
import { NoStore } from '../src/workers/stores/no-store.ts';
import { SOURCES } from './captures.ts';
import { references, START_MS } from './generate.ts';
import { type Figures, timed } from './harness.ts';

/** The parts of a worker as a bench of one thread puts them together, without a store, with every reference known. */

export const SLOT_BYTES = 524_288;
const BUCKETS = 16;
/** Nothing ends by age while it is measured, "not there" neither: without a store it would be asked for again. */
const REFERENCES = { cacheBytes: 64 * 2 ** 20, ttlMs: 3_600_000, negativeTtlMs: 3_600_000 };
const STAGES = ['decode', 'enrich', 'encode'] as const;
/** Of every decoder. The epoch stands in front of every version: in a later one the same records are newer changes. */
const sources: readonly SourceDefinition[] = SOURCES.map((source) => ({ ...source }));
let epoch = 0;

function beginEpoch(): void {
  epoch += 1;
  for (const source of sources) Object.assign(source, { epoch });
}

/** Records of one frame, and where their analytics go. */
export interface Batch {
  readonly slot: Slot;
  readonly records: number;
}

export function newDecoder(): Decoder {
  return createDecoder({ sources, now: Date.now });
}

export function sourceRecord(topic: string, index: number, key: string, value: string): SourceRecord {
  return toSourceRecord({ topic, partition: 0, offset: index, timestamp: START_MS, headers: [], key, value });
}

/** The mutation of a record that holds one change. */
export function mutationOf(decoder: Decoder, record: SourceRecord): Mutation {
  const decoded = decoder.decode(record);
  if (decoded.kind !== 'changes') throw new Error(`${record.topic} ${record.offset} is a ${decoded.kind}`);
  return must(decoded.changes[0], 'change').mutation;
}

/** All that a batch passes, on a heap that is kept as a worker's is. References that are not in the cache are nowhere. */
export function newStages(decoder: Decoder, topicOf: (topicId: number) => string): BatchStages {
  setHeapFlags();
  return createStages({
    decoder,
    store: new NoStore(BUCKETS),
    writer: null,
    words: new ReferenceEpochs(createBoard(1)),
    references: REFERENCES,
    providers: [],
    patiently: (read) => read(),
    topicOf,
    now: Date.now,
    count: () => undefined,
    takeCounters: () => ({}),
    takeNotices: () => [],
  });
}

/** Lets an enricher see every site and client of the generated agents. */
export async function seeReferences({ decoder, enricher }: BatchStages): Promise<void> {
  const known = references().map(({ topic, record }, index) =>
    mutationOf(decoder, sourceRecord(topic, index, record.key, record.value)),
  );
  await enricher.enrich(known);
}

/**
 * Does batches again and again for a time, as a worker does them. Each time they are changes of a later epoch: the same changes again
 * would be looked into, in case a process has died.
 */
export async function timedBatches(
  forMs: number,
  stages: BatchStages,
  batches: readonly Batch[],
): Promise<Figures> {
  const seconds = { decode: 0, enrich: 0, encode: 0 };
  let done = 0;
  const figures = await timed(forMs, async () => {
    const { slot, records } = must(batches[done % batches.length], 'batch');
    if (done % batches.length === 0) beginEpoch();
    const run = new BatchRun(stages, slot, slot.records, done);
    done += 1;
    await run.prepare();
    const result = await run.finish();
    for (const stage of STAGES) seconds[stage] += result.stages[stage];
    return records;
  });
  const perRecord = STAGES.map((stage) => [`${stage}_us`, (seconds[stage] * 1e6) / (figures.records ?? 1)]);
  return { ...figures, ...Object.fromEntries(perRecord) };
}
