import { isOp, type Op } from './debezium-envelope.ts';
import type { JsonObject } from './json-text.ts';

/**
 * Of an envelope only `after` and a few fields of `source` are needed, and parsing the rest takes as long as parsing those. Debezium's
 * PostgreSQL connector always writes them in one order, so the row is cut out as text and the positions are read in place. Text
 * that looks different in any way is left to JSON.parse. Inside JSON strings every quote is escaped, so none of the marks below can
 * occur there.
 */
const START = '{"before":null,"after":{';
const SOURCE = ',"source":{"version":"';
const CONNECTOR = '"connector":"postgresql","name":"';
const TIME = '","ts_ms":';
const SNAPSHOT = ',"snapshot":"';
const TABLE = '"table":"';
const LSN = '"lsn":';
const OPERATION = '},"transaction":null,"op":"';

export interface SlicedEnvelope {
  readonly op: Op;
  /** With `after` and `ts_ms`. */
  readonly value: JsonObject;
  /** With `connector`, `name`, `ts_ms`, `snapshot`, `table` and `lsn`. */
  readonly source: JsonObject;
}

/** How much farther from the end a mark may be than it was in the record before. */
const SLACK = 24;

/** Cuts the envelopes of one topic. It remembers how far from the end the last one's `source` began: searching there is quickest. */
export class EnvelopeSlicer {
  #sourceTail = 0;

  /** The parts of an insert, update or snapshot read of PostgreSQL; undefined for everything else. */
  slice(text: string): SlicedEnvelope | undefined {
    if (!text.startsWith(START) || !text.endsWith('}')) return undefined;
    const sourceAt = this.#findSource(text);
    const end = sourceAt < 0 ? -1 : text.indexOf(OPERATION, sourceAt);
    if (end < 0 || !text.startsWith(TIME, end + OPERATION.length + 1)) return undefined;
    const op = text.charAt(end + OPERATION.length);
    if (!isOp(op)) return undefined;
    const source = readSource(text, sourceAt, end);
    const time = wholeNumber(text, end + OPERATION.length + 1 + TIME.length);
    if (source === undefined || time === undefined) return undefined;
    try {
      const after = JSON.parse(text.slice(START.length - 1, sourceAt)) as JsonObject; // begins with a brace
      return { op, value: { after, ts_ms: time }, source };
    } catch {
      return undefined;
    }
  }

  #findSource(text: string): number {
    let at = this.#sourceTail === 0 ? -1 : text.indexOf(SOURCE, text.length - this.#sourceTail - SLACK);
    if (at < 0) at = text.lastIndexOf(SOURCE);
    if (at >= 0) this.#sourceTail = text.length - at;
    return at;
  }
}

function readSource(text: string, from: number, end: number): JsonObject | undefined {
  const nameAt = after(text, CONNECTOR, from, end);
  const timeAt = after(text, TIME, nameAt, end);
  const snapshotAt = after(text, SNAPSHOT, timeAt, end);
  // From the end: what stands between is longer than what stands behind.
  const lsnAt = text.lastIndexOf(LSN, end) + LSN.length;
  const tableAt = text.lastIndexOf(TABLE, lsnAt) + TABLE.length;
  if (snapshotAt < 0 || tableAt <= snapshotAt || lsnAt <= tableAt) return undefined;
  const lsn = wholeNumber(text, lsnAt);
  const time = wholeNumber(text, timeAt);
  if (lsn === undefined || time === undefined) return undefined;
  const name = text.slice(nameAt, timeAt - TIME.length);
  const table = text.slice(tableAt, text.indexOf('"', tableAt));
  const snapshot = text.slice(snapshotAt, text.indexOf('"', snapshotAt));
  // A backslash would be an escape, and the text behind it not the one that stands there.
  if (name.includes('\\') || table.includes('\\') || snapshot.includes('\\')) return undefined;
  return { connector: 'postgresql', name, ts_ms: time, snapshot, table, lsn };
}

/** Where the text behind a mark begins, or -1 when the mark is not between `from` and `end`. */
function after(text: string, mark: string, from: number, end: number): number {
  if (from < 0) return -1;
  const at = text.indexOf(mark, from);
  return at < 0 || at >= end ? -1 : at + mark.length;
}

/** The integer at a place, which a comma has to end; undefined for anything else. May be rounded beyond 2^53, as JSON.parse's. */
function wholeNumber(text: string, at: number): number | undefined {
  if (at < 0) return undefined;
  let value = 0;
  for (let index = at; index < text.length; index += 1) {
    const digit = text.charCodeAt(index) - 0x30;
    if (digit < 0 || digit > 9) return digit === COMMA && index > at ? value : undefined;
    value = value * 10 + digit;
  }
  return undefined;
}
const COMMA = 0x2c - 0x30;
