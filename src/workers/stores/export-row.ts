import { ENTITIES, MAIN_FACET } from '../../shared/entity.ts';
import type { Row } from './store.ts';

export interface ExportOptions {
  /** Markers of deleted rows, too. */
  readonly includeDeleted: boolean;
}

const iso = (ms: number): string => new Date(ms).toISOString();

/**
 * A row as `export` shows it: keys sorted, times in ISO 8601, no versions. Null for what is not exported: rows of which only facets
 * are known (the device itself has not been seen yet), and markers unless they are asked for.
 */
export function exportRow(row: Row, options: ExportOptions): Record<string, unknown> | null {
  if (row.versions[MAIN_FACET] === undefined) return null;
  const source_ts = iso(Math.max(...Object.values(row.sourceTs)));
  const identity = { tool: row.tool, id: row.id, source_ts };
  if (row.deleted) return options.includeDeleted ? sorted({ ...identity, deleted: true }) : null;
  const columns: Record<string, unknown> = {};
  for (const [column, type] of Object.entries(ENTITIES[row.entity].columns)) {
    const value = row.columns[column];
    if (value === undefined || value === null) continue;
    columns[column] = type === 'timestamp' && typeof value === 'number' ? iso(value) : value;
  }
  return sorted({ ...columns, ...identity });
}

function sorted(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** One JSON line without its line end. 64-bit integers are written digit by digit: JSON.stringify has no way to. */
export function jsonLine(fields: Record<string, unknown>): string {
  const members = Object.entries(fields).map(([name, value]) => {
    const text = typeof value === 'bigint' ? value.toString() : JSON.stringify(value);
    return `${JSON.stringify(name)}:${text}`;
  });
  return `{${members.join(',')}}`;
}
