import { CollectedBatch } from '../../src/main/collect.ts';
import type { Batch } from '../../src/main/dispatch.ts';
import type { PartitionState } from '../../src/main/partitions.ts';
import { AnalyticsFrameWriter } from '../../src/shared/analytics-frame.ts';
import { ENTITY_NAMES, type EntityName } from '../../src/shared/entity.ts';
import type { DeadLetter } from '../../src/shared/outcome.ts';
import { RecordFrameWriter } from '../../src/shared/record-frame.ts';
import { encodeHeaders, type RecordHeaders } from '../../src/shared/record-headers.ts';
import type { BatchResult } from '../../src/shared/worker-protocol.ts';

/** Batches as the workers hand them back, by hand. */

export const EMPTY_RESULT: BatchResult = {
  deadLetters: [],
  outcomes: {},
  counters: {},
  stages: { decode: 0, enrich: 0, encode: 0, write: 0 },
  notices: [],
  followUps: [],
};

export interface GivenRecord {
  readonly state: PartitionState;
  readonly offset: number;
  readonly key?: Uint8Array | null;
  readonly value?: Uint8Array | null;
  readonly headers?: RecordHeaders;
  /** Entities that it makes an analytics record of. */
  readonly analytics?: readonly EntityName[];
}

export const NAMES = {
  topicOf: (id: number) => ['tactical.public.agents_agent', 'other.topic'][id] ?? `topic-${id}`,
  connectorOf: (topic: string) => (topic.startsWith('tactical.') ? 'tactical-postgres-cdc' : 'unknown'),
};

export function letterOf(index: number, more: Partial<DeadLetter> = {}): DeadLetter {
  return {
    index,
    code: 'invalid_json',
    message: 'value is not JSON',
    stage: 'VALUE_CONVERTER',
    errorClass: 'JsonSyntaxError',
    stack: '',
    attempts: 1,
    firstFailedAt: Date.parse('2026-09-02T12:00:00Z'),
    ...more,
  };
}

export function collected(
  records: readonly GivenRecord[],
  deadLetters: readonly DeadLetter[] = [],
  options: { readonly overflow?: boolean; readonly released?: (batch: Batch) => void } = {},
): CollectedBatch {
  const { overflow = false, released = () => undefined } = options;
  const frame = new SharedArrayBuffer(65_536);
  const writer = new RecordFrameWriter(frame);
  const slot = new SharedArrayBuffer(65_536);
  const analytics = new AnalyticsFrameWriter(overflow ? new SharedArrayBuffer(65_536) : slot);
  const ranges = [];
  for (const [index, record] of records.entries()) {
    const { state, offset, key = Buffer.from(`k${offset}`), value = Buffer.from(`v${offset}`) } = record;
    writer.append(
      state.topicId,
      state.partition,
      offset,
      1000 + offset,
      key,
      value,
      encodeHeaders(record.headers),
    );
    ranges.push(state.openRange(offset, 1000 + offset));
    for (const entity of record.analytics ?? ['device'])
      analytics.append(index, ENTITY_NAMES.indexOf(entity), `tool:${offset}`, `{"offset":${offset}}`);
  }
  const sealed = analytics.finish();
  const batch: Batch = {
    worker: 1,
    slot: 0,
    number: 0,
    records: records.length,
    bytes: 100,
    ranges,
    frame,
    dispatchedAt: 0,
  };
  const result: BatchResult = {
    ...EMPTY_RESULT,
    deadLetters,
    ...(overflow ? { overflow: sealed } : {}),
  };
  return new CollectedBatch(batch, result, slot, NAMES, released);
}
