import { isOp, type Op } from './debezium-envelope.ts';
import type { Json, JsonObject } from './json-text.ts';

/**
 * Of an envelope only `after` and a few fields of `source` are needed, and parsing the rest takes as long as parsing those. Debezium's
 * connectors always write them in one order, so the row is cut out as text and the positions are read in place. Text that looks
 * different in any way is left to JSON.parse. Inside JSON strings every quote is escaped, so none of the marks below can occur there.
 */
const NO_BEFORE = '{"before":null,"after":';
const BEFORE = '{"before":';
const AFTER = ',"after":';
const UPDATE = ',"updateDescription":';
const SOURCE = ',"source":{"version":"';
const CONNECTOR = '"connector":"';
const NAME = '","name":"';
const TIME = '","ts_ms":';
const SNAPSHOT = ',"snapshot":"';
const TABLE = '"table":"';
const COLLECTION = '"collection":"';
const LSN = '"lsn":';
const FILE = '"file":"';
const POSITION = '","pos":';
const ROW = ',"row":';
/** Ends `source`, and begins what says the operation. */
const OPERATION = '},"transaction":null,"op":"';
const DOCUMENT_OPERATION = '},"op":"';
const DOCUMENT_END = ',"transaction":null}';

export interface SlicedEnvelope {
  readonly op: Op;
  /** With `after`, `ts_ms` and, where there is a row before the change, `before`, which is parsed when it is asked for. */
  readonly value: JsonObject;
  /** With `connector`, `name`, `ts_ms`, `snapshot`, `table` or `collection`, and the connector's position. */
  readonly source: JsonObject;
}

/** How much farther from the end a mark may be than it was in the record before. */
const SLACK = 24;

/** Cuts the envelopes of one topic. It remembers how far from the end the last one's `source` began: searching there is quickest. */
export class EnvelopeSlicer {
  #sourceTail = 0;

  /** The parts of an insert, update or snapshot read; undefined for everything else. */
  slice(text: string): SlicedEnvelope | undefined {
    if (!text.startsWith(BEFORE) || !text.endsWith('}')) return undefined;
    const sourceAt = this.#findSource(text);
    const afterAt = text.startsWith(NO_BEFORE) ? NO_BEFORE.length : rowAfter(text, sourceAt);
    if (sourceAt < 0 || afterAt < 0) return undefined;
    const isDocument = text.charCodeAt(afterAt) === QUOTE;
    const operation = isDocument ? DOCUMENT_OPERATION : OPERATION;
    const end = text.indexOf(operation, sourceAt);
    const opAt = end + operation.length;
    if (end < 0 || !text.startsWith(TIME, opAt + 1)) return undefined;
    if (isDocument && !text.endsWith(DOCUMENT_END)) return undefined;
    if (!isOutermost(text, sourceAt + SOURCE.length, end)) return undefined;
    const op = text.charAt(opAt);
    const source = readSource(text, sourceAt, end);
    const time = wholeNumber(text, opAt + 1 + TIME.length);
    if (!isOp(op) || source === undefined || time === undefined) return undefined;
    const afterEnd = isDocument ? text.lastIndexOf(UPDATE, sourceAt) : sourceAt;
    if (afterEnd < afterAt) return undefined;
    try {
      const after: Json = JSON.parse(text.slice(afterAt, afterEnd));
      return { op, value: envelopeValue(text, afterAt, after, time), source };
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
const QUOTE = 0x22;
const BRACE = 0x7b;

/**
 * Whether an object whose inside begins at a place is a member of the envelope itself and ends at `end`: behind its beginning no other
 * begins, and only it and the envelope end. Otherwise what was found may be of another member.
 */
function isOutermost(text: string, inside: number, end: number): boolean {
  if (text.indexOf('{', inside) >= 0 || text.indexOf('}', inside) !== end) return false;
  return text.indexOf('}', end + 1) === text.length - 1;
}

/** Where `after` begins behind a row before the change, or -1: that row's end has to be the first that is one of an object. */
function rowAfter(text: string, sourceAt: number): number {
  if (text.charCodeAt(BEFORE.length) !== BRACE) return -1;
  const end = text.indexOf('},"', BEFORE.length);
  if (end < 0 || end >= sourceAt || !text.startsWith(`}${AFTER}{`, end)) return -1;
  return end + 1 + AFTER.length;
}

function envelopeValue(text: string, afterAt: number, after: Json, time: number): JsonObject {
  if (afterAt === NO_BEFORE.length) return { after, ts_ms: time };
  return {
    after,
    ts_ms: time,
    get before(): Json {
      return JSON.parse(text.slice(BEFORE.length, afterAt - AFTER.length));
    },
  };
}

function readSource(text: string, from: number, end: number): JsonObject | undefined {
  const connectorAt = after(text, CONNECTOR, from, end);
  const nameAt = after(text, NAME, connectorAt, end);
  const timeAt = after(text, TIME, nameAt, end);
  const snapshotAt = after(text, SNAPSHOT, timeAt, end);
  if (snapshotAt < 0) return undefined;
  const time = wholeNumber(text, timeAt);
  const connector = text.slice(connectorAt, nameAt - NAME.length);
  const place = PLACES[connector]?.(text, from, end);
  const name = text.slice(nameAt, timeAt - TIME.length);
  const snapshot = textAt(text, snapshotAt);
  if (time === undefined || place === undefined || snapshot === undefined || name.includes('\\'))
    return undefined;
  return { connector, name, ts_ms: time, snapshot, ...place };
}

/** Reads what only one connector writes, from the end: what stands between is longer than what stands behind. */
const PLACES: Readonly<Record<string, (text: string, from: number, end: number) => JsonObject | undefined>> =
  {
    postgresql(text, from, end) {
      const lsnAt = text.lastIndexOf(LSN, end) + LSN.length;
      const tableAt = text.lastIndexOf(TABLE, lsnAt) + TABLE.length;
      if (tableAt <= from || lsnAt <= tableAt) return undefined;
      const [table, lsn] = [textAt(text, tableAt), wholeNumber(text, lsnAt)];
      return table === undefined || lsn === undefined ? undefined : { table, lsn };
    },
    mariadb: binlogPlace,
    mysql: binlogPlace,
    mongodb(text, from, end) {
      const at = text.lastIndexOf(COLLECTION, end) + COLLECTION.length;
      // A table would count before the collection.
      const tableAt = text.indexOf(TABLE.slice(0, -1), from);
      const isTable = tableAt >= 0 && tableAt < end;
      const collection = at <= from || isTable ? undefined : textAt(text, at);
      return collection === undefined ? undefined : { collection };
    },
  };

function binlogPlace(text: string, from: number, end: number): JsonObject | undefined {
  const rowAt = text.lastIndexOf(ROW, end) + ROW.length;
  const posAt = text.lastIndexOf(POSITION, rowAt) + POSITION.length;
  const fileAt = text.lastIndexOf(FILE, posAt) + FILE.length;
  const tableAt = text.lastIndexOf(TABLE, fileAt) + TABLE.length;
  if (tableAt <= from || fileAt <= tableAt || posAt <= fileAt || rowAt <= posAt) return undefined;
  const [table, file] = [textAt(text, tableAt), textAt(text, fileAt)];
  const [pos, row] = [wholeNumber(text, posAt), wholeNumber(text, rowAt)];
  if (table === undefined || file === undefined || pos === undefined || row === undefined) return undefined;
  return { table, file, pos, row };
}

/** The text whose inside begins at a place; undefined when it holds a backslash, which would be an escape. */
function textAt(text: string, at: number): string | undefined {
  const value = text.slice(at, text.indexOf('"', at));
  return value.includes('\\') ? undefined : value;
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
