import { toSourceRecord } from '../shared/captured-record.ts';
import type { Columns, ColumnValue } from '../shared/entity.ts';
import { columnType } from '../shared/entity.ts';
import type { Change, Mutation } from '../shared/mutation.ts';
import type { CapturedRecord } from '../shared/record.ts';
import { encodeAnalytics } from '../workers/analytics-record.ts';
import type { Decoded, Decoder } from '../workers/decode.ts';

/** A value as `export` and `transform` print it. A bigint stays one: `printJson` writes its digits. */
type Printed = ColumnValue | null | { readonly [name: string]: Printed } | readonly Printed[];
export type PrintedObject = { [name: string]: Printed };

/**
 * What the pure part of the pipeline makes of one captured record: one line of `transform`. `processed_at` of its analytics records
 * is the record's own timestamp, so that the same input gives the same output.
 */
export function transformRecord(captured: CapturedRecord, decoder: Decoder): PrintedObject {
  const decoded = decoder.decode(toSourceRecord(captured));
  const { topic, partition, offset } = captured;
  const changes = (decoded.kind === 'changes' ? decoded.changes : []).flatMap(withOwned);
  const result: PrintedObject = {
    topic,
    partition,
    offset,
    outcome: outcomeOf(decoded),
    mutations: changes.map((change) => printedMutation(change)),
    analytics: changes.flatMap((change) => printedAnalytics(change, captured.timestamp)),
  };
  if (decoded.kind === 'truncate') {
    const { types, version } = decoded;
    result.truncate = types.map(({ entity, tool, facet }) => ({ entity, tool, facet, version }));
  }
  if (decoded.kind === 'skip') result.reason = decoded.reason;
  if (decoded.kind === 'reject') {
    result.reason = decoded.code;
    result.message = decoded.message;
  }
  return result;
}

function outcomeOf(decoded: Decoded): string {
  if (decoded.kind === 'changes' || decoded.kind === 'truncate') return 'changed';
  return decoded.kind === 'skip' ? 'skipped' : 'dead_lettered';
}

function printedMutation({ mutation, operation }: Change): PrintedObject {
  const { entity, tool, id, facet, version, deleted, carry, movedTo } = mutation;
  const printed: PrintedObject = {
    entity,
    tool,
    id,
    facet,
    operation,
    version,
    source_ts: new Date(mutation.sourceTs).toISOString(),
    deleted,
    columns: printedColumns(mutation, mutation.columns),
  };
  if (carry !== undefined) printed.carry = { from_id: carry.fromId, columns: carry.columns };
  if (movedTo !== undefined) printed.moved_to = movedTo;
  return printed;
}

/** A change with those of the rows that exist only inside of it. Which others are gone, a store alone knows. */
function withOwned(change: Change): Change[] {
  const { owned, operation } = change;
  return [change, ...(owned?.rows ?? []).map((mutation) => ({ mutation, operation }))];
}

function printedColumns(mutation: Mutation, columns: Columns): PrintedObject {
  const printed: PrintedObject = {};
  for (const [name, value] of Object.entries(columns)) {
    const isTime = columnType(mutation.entity, name) === 'timestamp' && typeof value === 'number';
    printed[name] = isTime ? new Date(value).toISOString() : value;
  }
  return printed;
}

/** `value` is the text that goes to the topic. */
function printedAnalytics(change: Change, processedAt: number): PrintedObject[] {
  const record = encodeAnalytics(change, processedAt);
  return record === null ? [] : [{ topic: record.topic, key: record.key, value: record.value }];
}

/** One line of JSON, in which a bigint is the number that it is. */
export function printJson(value: Printed): string {
  if (typeof value === 'bigint') return value.toString();
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) {
    const items: readonly Printed[] = value;
    return `[${items.map(printJson).join(',')}]`;
  }
  const fields = Object.entries(value).map(([name, field]) => `${JSON.stringify(name)}:${printJson(field)}`);
  return `{${fields.join(',')}}`;
}
