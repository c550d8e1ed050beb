import type { ColumnValue, Tool } from '../shared/entity.ts';
import type { MessageType } from '../shared/message-type.ts';

/**
 * The data-quality guards. A guard fixes (bounds the value, or clears the column; counted by its rule), or rejects the record, which
 * then goes to the dead letters. Types are guarded where they are converted (conversions.ts).
 */

/** Rule names: values of a metric label. */
export type Rule =
  /** fix: text beyond the limit is cut, visibly. */
  | 'text_too_long'
  /** fix: a time that cannot be is cleared. */
  | 'timestamp_out_of_range'
  /** fix: a json column whose text is no JSON yields nothing. */
  | 'invalid_json_column'
  /** reject: a column that the tool's schema declares NOT NULL is absent or null. */
  | 'missing_column'
  /** reject: a value of another type than the column's. */
  | 'wrong_type';

const TEXT_MAX_BYTES = 64 * 1024;
const CUT_MARK = '… [cut]';
/** No tool's data is older, and clocks that were never set read 1970 or 1980. */
const TIMESTAMP_MIN = Date.UTC(1990, 0, 1);
const DAY_MS = 24 * 60 * 60 * 1000;

/** Source columns that a row must have, by message type: those without which the canonical row says nothing. */
const REQUIRED: Readonly<Record<string, readonly string[]>> = {
  'tactical-rmm.clients_client': ['name'],
  'tactical-rmm.clients_site': ['name', 'client_id'],
  'tactical-rmm.agents_agent': ['hostname'],
  'tactical-rmm.accounts_user': ['username'],
  'tactical-rmm.accounts_role': ['name'],
  'fleet-mdm.teams': ['name'],
  'fleet-mdm.users': ['email'],
  'fleet-mdm.hosts': ['hostname'],
  'fleet-mdm.host_display_names': ['display_name'],
  'authentik.authentik_core_user': ['username'],
};

/** Times that a tool writes for "never": no value, and nothing wrong with the record. */
const NEVER: readonly {
  readonly tool?: Tool;
  readonly type?: string;
  readonly column?: string;
  readonly at: number;
}[] = [
  { at: Date.parse('0001-01-01T00:00:00Z') },
  { tool: 'fleet-mdm', at: Date.parse('2000-01-01T00:00:00Z') },
  // MySQL's zero date in a nullable timestamp.
  { tool: 'fleet-mdm', at: 0 },
  // Debezium's MariaDB connector reads year 0001 in a datetime(6) as 2001.
  { type: 'fleet-mdm.hosts', column: 'last_boot', at: Date.parse('2001-01-01T00:00:00Z') },
];

export function requiredColumns(type: MessageType): readonly string[] {
  return REQUIRED[type.name] ?? [];
}

/** The "never" times of one canonical column. */
export function neverTimes(type: MessageType, column: string): readonly number[] {
  return NEVER.filter(
    (never) =>
      (never.tool === undefined || never.tool === type.tool) &&
      (never.type === undefined || never.type === type.name) &&
      (never.column === undefined || never.column === column),
  ).map((never) => never.at);
}

/** Latest believable time for a record: a day behind the later of the clock and the record's own time. */
export function latestTime(now: number, recordTimestamp: number): number {
  return Math.max(now, recordTimestamp) + DAY_MS;
}

/** The time, or null for one that is "never" or cannot be; `fix` hears of the latter. */
export function guardTime(
  value: number,
  latest: number,
  never: readonly number[],
  fix: (rule: Rule) => void,
): number | null {
  for (const at of never) if (value === at) return null;
  if (value >= TIMESTAMP_MIN && value <= latest) return value;
  fix('timestamp_out_of_range');
  return null;
}

/** The text, cut at a character boundary when its UTF-8 form is beyond the limit. */
export function guardText(value: string, fix: (rule: Rule) => void): ColumnValue {
  // UTF-8 takes at most three bytes for a UTF-16 unit.
  if (value.length * 3 <= TEXT_MAX_BYTES || Buffer.byteLength(value) <= TEXT_MAX_BYTES) return value;
  fix('text_too_long');
  // No more units than bytes can be needed: most of a huge text is never encoded.
  const bytes = Buffer.from(value.slice(0, TEXT_MAX_BYTES));
  let end = TEXT_MAX_BYTES - Buffer.byteLength(CUT_MARK);
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
  return bytes.toString('utf8', 0, end) + CUT_MARK;
}
