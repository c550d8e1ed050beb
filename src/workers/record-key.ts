import { isObject, type Json, kindOf, parseExact, parseJson } from './json-text.ts';
import { RecordRejected } from './rejection.ts';
import type { SchemaWrapper } from './schema-wrapper.ts';

/** Ids longer than this are no ids; it also keeps them below Cassandra's limit for a clustering column. */
const ID_MAX_CHARS = 8192;

/** Canonical id of a relational row: its key columns' values in key order, joined by `:`. */
export function idOfRow(key: string, columns: readonly string[], wrapper: SchemaWrapper): string {
  const text = wrapper.payloadText(key);
  const [only] = columns;
  if (columns.length === 1 && only !== undefined) {
    const digits = integerOf(text, only);
    if (digits !== undefined) return digits;
  }
  return bounded(idFrom(parseKey(text, wrapper), text, columns));
}

/**
 * The value of `{"<column>":<integer>}`, as its text: exact at any size and without parsing. Undefined for any other shape.
 */
function integerOf(text: string, column: string): string | undefined {
  const start = column.length + 4;
  const end = text.length - 1;
  if (end <= start || text.charCodeAt(0) !== 0x7b || text.charCodeAt(end) !== 0x7d) return undefined;
  if (text.charCodeAt(1) !== 0x22 || !text.startsWith(column, 2)) return undefined;
  if (text.charCodeAt(start - 2) !== 0x22 || text.charCodeAt(start - 1) !== 0x3a) return undefined;
  const first = text.charCodeAt(start) === 0x2d ? start + 1 : start;
  if (first === end || (text.charCodeAt(first) === 0x30 && end - first > 1)) return undefined;
  for (let at = first; at < end; at++) {
    const char = text.charCodeAt(at);
    if (char < 0x30 || char > 0x39) return undefined;
  }
  return text.slice(start, end);
}

function parseKey(text: string, wrapper: SchemaWrapper): Json {
  try {
    return wrapper.unwrap(parseJson(text, 'key'));
  } catch (error) {
    throw asInvalidKey(error);
  }
}

function asInvalidKey(error: unknown): unknown {
  return error instanceof RecordRejected ? new RecordRejected('invalid_key', error.message) : error;
}

function idFrom(key: Json, text: string, columns: readonly string[]): string {
  if (key === null) throw new RecordRejected('missing_key', 'key is null');
  if (!isObject(key)) throw new RecordRejected('invalid_key', `key is ${kindOf(key)}, not an object`);
  let id = '';
  for (const column of columns) {
    const value = key[column];
    if (typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value)) {
      return idFrom(exactKey(text), text, columns);
    }
    const part = keyPart(value);
    if (part === undefined)
      throw new RecordRejected('invalid_key', `key column ${column} is ${kindOf(value)}`);
    id = id === '' && column === columns[0] ? part : `${id}:${part}`;
  }
  return id;
}

/** The key once more, with integers beyond 2^53 as bigints. */
function exactKey(text: string): Json {
  const key = parseExact(text, 'key');
  return isObject(key) && isObject(key.payload) ? key.payload : key;
}

function keyPart(value: Json | undefined): string | undefined {
  if (typeof value === 'string') return value;
  if (typeof value === 'bigint') return value.toString();
  return typeof value === 'number' && Number.isSafeInteger(value) ? String(value) : undefined;
}

/**
 * Canonical id of a document: the string, or the ObjectId's hex digits. Debezium's key is `{"id":"<Extended JSON of _id>"}`. Other
 * types of ids belong to no mapped document; they keep their JSON text.
 */
export function idOfDocument(key: string, wrapper: SchemaWrapper): string {
  const parsed = parseKey(wrapper.payloadText(key), wrapper);
  if (parsed === null) throw new RecordRejected('missing_key', 'key is null');
  const text = isObject(parsed) ? parsed.id : undefined;
  if (typeof text !== 'string')
    throw new RecordRejected('invalid_key', `key column id is ${kindOf(text)}, not text`);
  let id: Json;
  try {
    id = parseJson(text, 'key column id');
  } catch (error) {
    throw asInvalidKey(error);
  }
  if (typeof id === 'string') return bounded(id);
  return bounded(isObject(id) && typeof id.$oid === 'string' ? id.$oid : text);
}

function bounded(id: string): string {
  if (id.length > ID_MAX_CHARS) throw new RecordRejected('invalid_key', `id has ${id.length} characters`);
  return id;
}
