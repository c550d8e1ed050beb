import { AnalyticsFrameReader } from '../../src/shared/analytics-frame.ts';
import { ENTITY_NAMES } from '../../src/shared/entity.ts';
import type { FollowUp } from '../../src/shared/follow-up.ts';
import type { CapturedRecord } from '../../src/shared/record.ts';
import { RecordFrameWriter } from '../../src/shared/record-frame.ts';
import { encodeHeaders } from '../../src/shared/record-headers.ts';
import { BucketLocks, createBoard, ReferenceEpochs } from '../../src/shared/shared-board.ts';
import type { BatchResult, SharedBoard, WriteSettings } from '../../src/shared/worker-protocol.ts';
import { BatchRun } from '../../src/workers/batch.ts';
import { type BatchStages, createStages } from '../../src/workers/batch-stages.ts';
import type { Completer } from '../../src/workers/complete.ts';
import { createDecoder, type Decoder } from '../../src/workers/decode.ts';
import type { Enricher } from '../../src/workers/enrich.ts';
import type { FollowUpRun } from '../../src/workers/follow-up.ts';
import { FollowUpTasks } from '../../src/workers/follow-up-tasks.ts';
import type { DeviceLinker } from '../../src/workers/link-devices.ts';
import type { Patiently } from '../../src/workers/look-up.ts';
import type { CacheSettings, ReferenceCache } from '../../src/workers/reference-cache.ts';
import type { Store } from '../../src/workers/stores/store.ts';
import { Writer } from '../../src/workers/write.ts';
import { SOURCES } from './captures.ts';
import { NOW } from './record-builder.ts';

/** The parts of a worker over a store, as the worker puts them together (src/workers/worker.ts). */

const WRITE: WriteSettings = {
  batchRowsMax: 32,
  statementsMax: 8,
  attemptsMax: 5,
  backoffMs: 1,
  backoffMaxMs: 10,
  failuresToOpen: 5,
  probeIntervalMs: 10,
};
export const REFERENCES: CacheSettings = { cacheBytes: 1 << 20, ttlMs: 60_000, negativeTtlMs: 60_000 };
const SLOT_BYTES = 65_536;

export interface StagesOptions {
  /** Workers of one process share it. */
  readonly board?: SharedBoard;
  readonly references?: Partial<CacheSettings>;
  readonly decoder?: Decoder;
  readonly patiently?: Patiently;
  readonly now?: () => number;
  /** False: as without a store, where every mutation counts as written. */
  readonly writes?: boolean;
  readonly slotBytes?: number;
}

/** A record as a test gives it: text, or bytes that are no text. */
export type GivenRecord = Omit<CapturedRecord, 'value' | 'key'> & {
  readonly key: string | Uint8Array | null;
  readonly value: string | Uint8Array | null;
};

/** An analytics record that was made. */
export interface Told {
  /** Place of the source record in its batch. */
  readonly record: number;
  readonly entity: string;
  readonly key: string;
  readonly row: Readonly<Record<string, unknown>>;
}

export interface Ran extends BatchResult {
  readonly analytics: readonly Told[];
}

export interface TestWorker {
  readonly stages: BatchStages;
  readonly store: Store;
  readonly cache: ReferenceCache;
  readonly enricher: Enricher;
  readonly completer: Completer;
  readonly linker: DeviceLinker;
  readonly followUps: FollowUpRun;
  readonly tasks: FollowUpTasks;
  readonly writer: Writer;
  /** Runs records through one batch; what is to follow is left to the caller. */
  run(records: readonly GivenRecord[]): Promise<Ran>;
}

export function newWorker(store: Store, options: StagesOptions = {}): TestWorker {
  const board = options.board ?? createBoard(1);
  const patiently = options.patiently ?? ((read) => read());
  const now = options.now ?? (() => NOW);
  const writer = new Writer(store, WRITE, new BucketLocks(board), {
    retried: () => undefined,
    wrote: () => undefined,
    circuitChanged: () => undefined,
    now: Date.now,
  });
  const topics: string[] = [];
  const stages = createStages({
    decoder: options.decoder ?? createDecoder({ sources: SOURCES, now }),
    store,
    writer: options.writes === false ? null : writer,
    words: new ReferenceEpochs(board),
    references: { ...REFERENCES, ...options.references },
    providers: [],
    patiently,
    topicOf: (id) => topics[id] ?? '',
    now,
    count: () => undefined,
    takeCounters: () => ({}),
    takeNotices: () => [],
  });
  const tasks = new FollowUpTasks(stages.followUps, patiently, stages);
  let turn: Promise<void> = Promise.resolve();
  let batches = 0;
  const run = async (records: readonly GivenRecord[]): Promise<Ran> => {
    const slot = newSlot(records, topics, options.slotBytes ?? SLOT_BYTES);
    const batch = new BatchRun(stages, slot, slot.records, batches);
    batches += 1;
    // Batches are prepared in order and finished side by side.
    turn = batch.prepare(turn);
    await turn;
    const result = await batch.finish();
    return { ...result, analytics: toldIn(result.overflow ?? slot.analytics) };
  };
  const { cache, enricher, completer, linker, followUps } = stages;
  return { stages, store, cache, enricher, completer, linker, followUps, tasks, writer, run };
}

function newSlot(records: readonly GivenRecord[], topics: string[], slotBytes: number) {
  const bytesOf = (text: string | Uint8Array | null) => (typeof text === 'string' ? Buffer.from(text) : text);
  const raw = records.map(({ key, value, headers }) => ({
    key: bytesOf(key),
    value: bytesOf(value),
    headers: encodeHeaders(headers.map(([name, text]) => ({ [name]: text }))),
  }));
  const size = raw.reduce(
    (sum, { key, value, headers }) => sum + 128 + (key?.length ?? 0) + (value?.length ?? 0) + headers.length,
    0,
  );
  const slot = {
    records: new SharedArrayBuffer(size + slotBytes),
    analytics: new SharedArrayBuffer(slotBytes),
  };
  const frame = new RecordFrameWriter(slot.records);
  for (const [index, { topic, partition, offset, timestamp }] of records.entries()) {
    if (!topics.includes(topic)) topics.push(topic);
    const { key = null, value = null, headers = encodeHeaders([]) } = raw[index] ?? {};
    frame.append(topics.indexOf(topic), partition, offset, timestamp, key, value, headers);
  }
  return slot;
}

/** What an analytics frame holds. */
export function toldIn(analytics: SharedArrayBuffer): Told[] {
  const reader = new AnalyticsFrameReader(analytics);
  return Array.from({ length: reader.count }, (_, index) => ({
    record: reader.recordIndex(index),
    entity: ENTITY_NAMES[reader.topicIndex(index)] ?? '',
    key: Buffer.from(reader.key(index)).toString(),
    row: JSON.parse(Buffer.from(reader.value(index)).toString()) as Record<string, unknown>,
  }));
}

/** Does what is to follow, all of it; answers the analytics records that it made. */
export async function follow(
  worker: TestWorker,
  followUps: BatchResult['followUps'],
  repeated: FollowUp[] = [],
): Promise<Told[]> {
  const told: Told[] = [];
  const id = nextTask();
  for (let done = followUps.length === 0; !done; ) {
    const part = await worker.tasks.next({ worker: 0, id, followUps });
    told.push(...toldIn(part.analytics));
    repeated.push(...part.repeat);
    done = part.done;
  }
  return told;
}

let tasks = 0;
function nextTask(): number {
  tasks += 1;
  return tasks;
}
