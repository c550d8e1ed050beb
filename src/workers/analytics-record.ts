import {
  type ColumnType,
  type ColumnValue,
  ENTITIES,
  ENTITY_NAMES,
  type Entity,
  type EntityName,
} from '../shared/entity.ts';
import type { Change } from '../shared/mutation.ts';
import { isoText } from './timestamps.ts';

/** One analytics record, ready to be produced. */
export interface AnalyticsRecord {
  readonly topic: string;
  readonly key: string;
  readonly value: string;
}

interface ColumnForm {
  /** `,"name":` */
  readonly label: string;
  readonly isTime: boolean;
}

interface EntityForm {
  readonly topic: string | null;
  readonly columns: ReadonlyMap<string, ColumnForm>;
}

const FORMS: ReadonlyMap<EntityName, EntityForm> = new Map(
  ENTITY_NAMES.map((name) => [name, formOf(ENTITIES[name])]),
);

function formOf(entity: Entity): EntityForm {
  const columns = new Map<string, ColumnForm>();
  for (const [name, type] of Object.entries<ColumnType>(entity.columns)) {
    columns.set(name, { label: `,"${name}":`, isTime: type === 'timestamp' });
  }
  return { topic: entity.analyticsTopic, columns };
}

/**
 * The flat JSON that analytics gets of a change (contract, section 8), or null for an entity that analytics does not keep. Written by
 * hand because JSON.stringify has no form for integers beyond 2^53.
 */
export function encodeAnalytics(change: Change, processedAt: number): AnalyticsRecord | null {
  const { mutation } = change;
  const form = FORMS.get(mutation.entity);
  if (form === undefined || form.topic === null) return null;
  const key = `${mutation.tool}:${mutation.id}`;
  let value =
    `{"tool":"${mutation.tool}","id":${quoted(mutation.id)},"op":"${change.operation}","source_ts":${mutation.sourceTs},` +
    `"processed_at":${processedAt},"version":"${mutation.version}","facet":"${mutation.facet}","deleted":${mutation.deleted}`;
  for (const name in mutation.columns) {
    const column = mutation.columns[name];
    if (column === undefined) continue;
    const { label, isTime } = form.columns.get(name) ?? { label: `,${quoted(name)}:`, isTime: false };
    value += label + (column === null ? 'null' : shown(column, isTime));
  }
  return { topic: form.topic, key, value: `${value}}` };
}

function shown(value: ColumnValue, isTime: boolean): string {
  if (typeof value === 'string') return quoted(value);
  if (typeof value === 'number') return isTime ? `"${isoText(value)}"` : String(value);
  if (typeof value === 'object') return JSON.stringify(value);
  return value.toString();
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what JSON needs escaped
const NEEDS_ESCAPE = /["\\\u0000-\u001f\ud800-\udfff]/;

function quoted(text: string): string {
  return NEEDS_ESCAPE.test(text) ? JSON.stringify(text) : `"${text}"`;
}
