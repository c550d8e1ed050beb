import { type ColumnType, type ColumnValue, columnType } from '../shared/entity.ts';
import type { MessageType } from '../shared/message-type.ts';
import { cutText } from './cut-text.ts';
import { type Guard, neverTimes, type Rule } from './guard-table.ts';

/**
 * What the guards of the table do to a converted value. Types are guarded where they are converted (conversions.ts).
 */

/** No tool's data is older, and clocks that were never set read 1970 or 1980. */
const TIMESTAMP_MIN = Date.UTC(1990, 0, 1);
const DAY_MS = 24 * 60 * 60 * 1000;

/** The guards of one canonical column, put together once at start. */
export interface ColumnGuards {
  readonly type: ColumnType;
  readonly maxBytes: number;
  readonly values: ReadonlySet<string> | undefined;
  readonly aheadMs: number;
  readonly never: readonly number[];
}

export function guardsOfColumn(type: MessageType, column: string, guards: readonly Guard[]): ColumnGuards {
  let maxBytes = Number.POSITIVE_INFINITY;
  let values: ReadonlySet<string> | undefined;
  let aheadMs = 0;
  for (const guard of guards) {
    if (guard.column !== column) continue;
    if (guard.rule === 'text_too_long') maxBytes = guard.maxBytes;
    if (guard.rule === 'unknown_value') values = new Set(guard.values);
    if (guard.rule === 'timestamp_out_of_range') aheadMs = guard.daysAhead * DAY_MS;
  }
  return {
    type: columnType(type.entity, column),
    maxBytes,
    values,
    aheadMs,
    never: neverTimes(type, column),
  };
}

/** The value to keep, or null; `fix` hears of the rules that it broke. `now`: milliseconds since 1970 UTC. */
export function guarded(
  value: ColumnValue,
  guards: ColumnGuards,
  now: number,
  fix: (rule: Rule) => void,
): ColumnValue | null {
  if (typeof value === 'string') {
    if (guards.type !== 'text') return value;
    if (guards.values?.has(value) === false) fix('unknown_value');
    return guardText(value, guards.maxBytes, fix);
  }
  return guards.type === 'timestamp' && typeof value === 'number'
    ? guardTime(value, guards, now, fix)
    : value;
}

function guardTime(
  value: number,
  guards: ColumnGuards,
  now: number,
  fix: (rule: Rule) => void,
): number | null {
  for (const at of guards.never) if (value === at) return null;
  if (value >= TIMESTAMP_MIN && value <= now + guards.aheadMs) return value;
  fix('timestamp_out_of_range');
  return null;
}

function guardText(value: string, maxBytes: number, fix: (rule: Rule) => void): string {
  const kept = cutText(value, maxBytes);
  if (kept !== value) fix('text_too_long');
  return kept;
}
