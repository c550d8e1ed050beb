import { must } from '../src/shared/assert.ts';
import { toSourceRecord } from '../src/shared/captured-record.ts';
import type { Mutation } from '../src/shared/mutation.ts';
import type { SourceRecord } from '../src/shared/record.ts';
import { createBoard, ReferenceEpochs } from '../src/shared/shared-board.ts';
import { createDecoder, type Decoder } from '../src/workers/decode.ts';
import { Enricher } from '../src/workers/enrich.ts';
import { ReferenceCache } from '../src/workers/reference-cache.ts';
import { NoStore } from '../src/workers/stores/no-store.ts';
import { SOURCES } from './captures.ts';
import { references, START_MS } from './generate.ts';

/** The parts of a worker as a bench of one thread puts them together, with every reference known. */

export const BUCKETS = 16;

export function newDecoder(): Decoder {
  return createDecoder({ sources: SOURCES, now: Date.now });
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

/** An enricher that has seen every site and client. */
export async function newEnricher(decoder: Decoder): Promise<Enricher> {
  const settings = { cacheBytes: 64 * 2 ** 20, ttlMs: 300_000, negativeTtlMs: 5000 };
  const cache = new ReferenceCache(settings, new ReferenceEpochs(createBoard(1)));
  const enricher = new Enricher(cache, new NoStore(BUCKETS), (read) => read());
  const known = references().map(({ topic, record }, index) =>
    mutationOf(decoder, sourceRecord(topic, index, record.key, record.value)),
  );
  await enricher.enrich(known);
  return enricher;
}
