import { isObject, type Json, type JsonObject, kindOf, parseJson, withoutBareNumbers } from './json-text.ts';
import { RecordRejected } from './rejection.ts';

/**
 * Plain value of a MongoDB Extended JSON scalar, in all the spellings that Debezium mixes: STRICT in `after`, RELAXED or canonical
 * where `json.serialization.mode` says so. Dates become milliseconds or ISO text, NaN and infinities null. What is no scalar is
 * returned as it is.
 */
export function plainValue(value: Json): Json {
  if (!isObject(value)) return value;
  if (value.$date !== undefined) return plainValue(value.$date);
  if (typeof value.$numberInt === 'string') return finite(value.$numberInt);
  if (typeof value.$numberDouble === 'string') return finite(value.$numberDouble);
  if (typeof value.$numberDecimal === 'string') return finite(value.$numberDecimal);
  if (typeof value.$numberLong === 'string') return exactInteger(value.$numberLong);
  if (typeof value.$oid === 'string') return value.$oid;
  return value;
}

function finite(text: string): number | null {
  const value = Number(text);
  return Number.isFinite(value) ? value : null;
}

function exactInteger(text: string): Json {
  const value = Number(text);
  if (Number.isSafeInteger(value)) return value;
  return /^-?\d+$/.test(text) ? BigInt(text) : null;
}

/** A document: Extended JSON in a text, in which NaN and infinities may stand bare. */
export function parseDocument(after: Json | undefined): JsonObject {
  if (typeof after !== 'string')
    throw new RecordRejected('not_an_envelope', `after is ${kindOf(after)}, not a document`);
  let document: Json;
  try {
    document = JSON.parse(after);
  } catch {
    document = parseJson(withoutBareNumbers(after), 'document in after');
  }
  if (isObject(document)) return document;
  throw new RecordRejected('not_an_envelope', `document in after is ${kindOf(document)}, not an object`);
}
