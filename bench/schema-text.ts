import { firstCaptured } from './captures.ts';

/** The schema in which Connect's JSON converter wraps records with `schemas.enable=true`, in the captured form for another table. */

type Schema = { [name: string]: unknown; fields: Schema[] };

const CAPTURED = 'with-schema/tactical-postgres-cdc/tactical.public.clients_site.jsonl';

/** A column's kind as `wrappedIn` takes it. */
export function columnKind(name: string, value: unknown): string {
  if (/_time$|_seen$|_installed$/.test(name) && typeof value !== 'number' && typeof value !== 'boolean')
    return 'timestamp';
  if (name === 'services' || name === 'disks' || name === 'wmi_detail') return 'json';
  if (typeof value === 'boolean') return 'boolean';
  if (typeof value === 'number') return Number.isInteger(value) ? 'int32' : 'double';
  return 'string';
}

/** The text of `payload` inside its schema. */
export function wrappedIn(
  part: 'key' | 'value',
  prefix: string,
  table: string,
  columns: readonly (readonly [name: string, kind: string])[],
  payload: string,
): string {
  const fields = columns.map(([field, kind]) => ({ ...columnSchema(kind), optional: field !== 'id', field }));
  return `{"schema":${JSON.stringify(part === 'key' ? keySchema(prefix, table, fields) : valueSchema(prefix, table, fields))},"payload":${payload}}`;
}

function columnSchema(kind: string): Record<string, unknown> {
  if (kind === 'timestamp') return { type: 'string', name: 'io.debezium.time.ZonedTimestamp', version: 1 };
  if (kind === 'json') return { type: 'string', name: 'io.debezium.data.Json', version: 1 };
  return { type: kind };
}

function keySchema(prefix: string, table: string, fields: readonly object[]): object {
  return { type: 'struct', fields, optional: false, name: `${prefix}.public.${table}.Key` };
}

function valueSchema(prefix: string, table: string, fields: readonly object[]): object {
  const captured = JSON.parse(firstCaptured(CAPTURED, '"schema":')) as { schema: Schema };
  const { schema } = captured;
  const row = { type: 'struct', fields, optional: true, name: `${prefix}.public.${table}.Value` };
  return {
    ...schema,
    fields: schema.fields.map((field) =>
      field.field === 'before' || field.field === 'after' ? { ...row, field: field.field } : field,
    ),
    name: `${prefix}.public.${table}.Envelope`,
  };
}
