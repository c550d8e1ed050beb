import { type Convert, textIn } from './conversions.ts';
import { redactedJson } from './redact.ts';

/** What of an event is the tool's own and has no column: JSON text without secrets. How long it may be is the guard's to say. */

/** A json column as it is. */
export const detailsIn =
  (column: string): Convert =>
  (row) => {
    const json = textIn(row, column);
    return json === null ? null : redactedJson(json, Number.POSITIVE_INFINITY, row.fix);
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
    return redactedJson(`{${members.join(',')}}`, Number.POSITIVE_INFINITY, row.fix);
  };
