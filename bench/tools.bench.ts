import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { toSourceRecord } from '../src/shared/captured-record.ts';
import type { CapturedRecord } from '../src/shared/record.ts';
import { RecordFrameWriter } from '../src/shared/record-frame.ts';
import { encodeHeaders } from '../src/shared/record-headers.ts';
import type { Decoder } from '../src/workers/decode.ts';
import { capturedFile } from './captures.ts';
import {
  type Arm,
  type BenchOptions,
  type Figures,
  type OpenSubject,
  type Subject,
  spreadOf,
  workMs,
} from './harness.ts';
import { root } from './machine.ts';
import { type Batch, newDecoder, newStages, SLOT_BYTES, timedBatches } from './worker-parts.ts';

/**
 * What a record of each tool costs a worker, from frame to frame and without a store: decoding with its guards, enrichment from a warm
 * cache, and its analytics record. The records are the captured ones that hold a change, with their headers, in their order.
 */
export const tools: Subject = {
  name: 'tools',
  about: "a worker's whole work on the captured records of each tool, without a store",
  shown: [
    'us_per_kb',
    'cpu_us_per_kb',
    'us_per_record',
    'bytes_per_record',
    'decode_us',
    'enrich_us',
    'encode_us',
  ],
  rounds: 5,
  warmUp: true,
  smoke: true,
  open: (options) => Promise.resolve(open(options)),
};

const FOLDERS: readonly (readonly [tool: string, folder: string])[] = [
  ['tactical', 'tactical-postgres-cdc'],
  ['fleet', 'fleetmdm-mysql-cdc'],
  ['meshcentral', 'meshcentral-mongodb-cdc'],
  ['authentik', 'authentik-postgres-cdc'],
];

function open(options: BenchOptions): OpenSubject {
  const byTool = FOLDERS.map(([name, folder]) => toolArm(name, folder, workMs(options)));
  const middle: Arm = {
    name: 'median of the tools',
    measure: async () => {
      const measured: Figures[] = [];
      for (const { measure } of byTool) measured.push(await measure());
      return mediansOf(measured);
    },
  };
  return {
    arms: [...byTool, middle],
    settings: { slotBytes: SLOT_BYTES, kb: 'of 1,024 bytes of key and value' },
    notes: ['The last row is of measurements of its own: of each figure the median over the four tools.'],
  };
}

function toolArm(name: string, folder: string, forMs: number): Arm {
  const decoder = newDecoder();
  const records = changesIn(folder, decoder);
  const topics = [...new Set(records.map(({ topic }) => topic))];
  const stages = newStages(decoder, (id) => topics[id] ?? '');
  const batches = batchesOf(records, topics);
  const bytes = records.reduce((sum, { key, value }) => sum + bytesOf(key) + bytesOf(value), 0);
  return {
    name,
    measure: async () => {
      const figures = await timedBatches(forMs, stages, batches);
      const perRecord = bytes / records.length;
      const perKb = (micros = 0): number => (micros * 1024) / perRecord;
      return {
        ...figures,
        us_per_kb: perKb(figures.us_per_record),
        cpu_us_per_kb: perKb(figures.cpu_us_per_record),
        bytes_per_record: perRecord,
      };
    },
  };
}

/** A tombstone, or a record that nothing is mapped from, costs next to nothing and would only flatter. */
function changesIn(folder: string, decoder: Decoder): CapturedRecord[] {
  const files = readdirSync(join(root, 'test', 'fixtures', folder)).filter((name) => name.endsWith('.jsonl'));
  return files
    .flatMap((file) => capturedFile(join(folder, file)))
    .filter((record) => decoder.decode(toSourceRecord(record)).kind === 'changes');
}

function batchesOf(records: readonly CapturedRecord[], topics: readonly string[]): Batch[] {
  const batches: Batch[] = [];
  let rest = records;
  while (rest.length > 0) {
    const slot = {
      records: new SharedArrayBuffer(SLOT_BYTES),
      analytics: new SharedArrayBuffer(SLOT_BYTES),
    };
    const writer = new RecordFrameWriter(slot.records);
    const over = rest.findIndex((record) => !append(writer, record, topics));
    batches.push({ slot, records: writer.count });
    rest = over < 0 ? [] : rest.slice(over);
  }
  return batches;
}

function append(writer: RecordFrameWriter, record: CapturedRecord, topics: readonly string[]): boolean {
  const { topic, partition, offset, timestamp, key, value, headers } = record;
  const encoded = encodeHeaders(headers.map(([name, text]) => ({ [name]: text })));
  return writer.append(
    topics.indexOf(topic),
    partition,
    offset,
    timestamp,
    key === null ? null : Buffer.from(key),
    value === null ? null : Buffer.from(value),
    encoded,
  );
}

function bytesOf(text: string | null): number {
  return text === null ? 0 : Buffer.byteLength(text);
}

function mediansOf(measured: readonly Figures[]): Figures {
  const names = Object.keys(measured[0] ?? {});
  return Object.fromEntries(
    names.map((name) => [name, spreadOf(measured.map((figures) => figures[name] ?? 0)).median]),
  );
}
