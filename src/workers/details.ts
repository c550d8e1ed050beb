import { type Convert, textIn } from './conversions.ts';
import { redactedJson } from './redact.ts';

/** What of an event is the tool's own and has no column: JSON text without secrets. */

export const DETAILS_MAX_BYTES = 32 * 1024;

/** A json column as it is. */
export const detailsIn =
  (column: string): Convert =>
  (row) => {
    const json = textIn(row, column);
    return json === null ? null : redactedJson(json, DETAILS_MAX_BYTES, row.fix);
  };

/** Several columns as members of one object, those that are null left out: columns of text, and columns that hold JSON. */
export const detailsOf =
  (columns: Readonly<Record<string, 'text' | 'json'>>): Convert =>
  (row) => {
    const members: string[] = [];
    let present = false;
    for (const column in columns) {
      row.absent = false;
      const value = textIn(row, column);
      if (!row.absent) present = true;
      if (value !== null)
        members.push(`"${column}":${columns[column] === 'json' ? value : JSON.stringify(value)}`);
    }
    row.absent = !present;
    if (members.length === 0 || row.unavailable) return null;
    return redactedJson(`{${members.join(',')}}`, DETAILS_MAX_BYTES, row.fix);
  };
