import { parse as parseLossless } from 'lossless-json';
import { RecordRejected } from './rejection.ts';

/** What JSON holds; a bigint only where a text was read by `parseExact`. */
export type Json = null | boolean | number | bigint | string | readonly Json[] | JsonObject;
export type JsonObject = { readonly [name: string]: Json | undefined };

/** Beyond this, finding the place of a syntax error is not worth a second pass. */
const LOCATE_MAX_CHARS = 256 * 1024;

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** `Array.isArray` for what JSON holds: the built-in one would make the items `any`. */
export function isArray(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value);
}

/** What a value is, for messages, in place of the value. */
export function kindOf(value: Json | undefined): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'string') return 'text';
  if (typeof value === 'bigint') return 'a number';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

/** Reads JSON; numbers beyond 2^53 are rounded. `what` names the text in the rejection's message. */
export function parseJson(text: string, what: string): Json {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new RecordRejected('invalid_json', syntaxMessage(text, what, error));
  }
}

/** Reads JSON with every integer exact: as a number while that is safe, as a bigint beyond. About 30 times slower. */
export function parseExact(text: string, what: string): Json {
  try {
    // The parser builds plain objects, arrays and what `exactNumber` returns: that is Json.
    return parseLossless(text, null, exactNumber) as Json;
  } catch (error) {
    throw new RecordRejected('invalid_json', syntaxMessage(text, what, error));
  }
}

function exactNumber(text: string): number | bigint {
  const value = Number(text);
  return Number.isSafeInteger(value) || !/^-?\d+$/.test(text) ? value : BigInt(text);
}

/** V8 quotes the text around an error, which may be a secret: only the position is taken over. */
function syntaxMessage(text: string, what: string, error: unknown): string {
  if (text === '') return `${what} is empty`;
  if (error instanceof RangeError) return `${what} is nested too deeply to be read exactly`;
  const place = positionIn(error) ?? locate(text);
  return `${what} is not JSON: ${place === undefined ? '' : `syntax error at position ${place} of `}${text.length} characters`;
}

function positionIn(error: unknown): number | undefined {
  const match = error instanceof Error ? /at position (\d+)/.exec(error.message) : null;
  return match === null ? undefined : Number(match[1]);
}

function locate(text: string): number | undefined {
  if (text.length > LOCATE_MAX_CHARS) return undefined;
  try {
    parseLossless(text);
  } catch (error) {
    return positionIn(error);
  }
  return undefined;
}

/** Index behind the JSON value that starts at `start`, or -1 when the text ends before. The value's inside is not checked. */
export function endOfValue(text: string, start: number): number {
  let depth = 0;
  for (let at = start; at < text.length; at++) {
    const char = text.charCodeAt(at);
    if (char === 0x22) {
      at = endOfString(text, at) - 1;
      if (at < 0) return -1;
      if (depth === 0) return at + 1;
    } else if (char === 0x7b || char === 0x5b) depth++;
    else if (char === 0x7d || char === 0x5d) {
      depth--;
      if (depth === 0) return at + 1;
      if (depth < 0) return at;
    } else if (char === 0x2c && depth === 0) return at;
  }
  return -1;
}

/** Index behind the closing quote of the string whose opening quote is at `start`, or -1. */
function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    const char = text.charCodeAt(at);
    if (char === 0x5c) at++;
    else if (char === 0x22) return at + 1;
  }
  return -1;
}

const BARE_NUMBER = /-?(?:NaN|Infinity)/y;

/** Debezium's MongoDB connector writes NaN and infinities bare, which is no JSON: they become null. Strings stay as they are. */
export function withoutBareNumbers(text: string): string {
  let out = '';
  let copied = 0;
  for (let at = 0; at < text.length; at++) {
    const char = text.charCodeAt(at);
    if (char === 0x22) {
      const end = endOfString(text, at);
      if (end < 0) return text;
      at = end - 1;
    } else if (char === 0x4e || char === 0x49 || char === 0x2d) {
      BARE_NUMBER.lastIndex = at;
      if (!BARE_NUMBER.test(text)) continue;
      out += `${text.slice(copied, at)}null`;
      copied = BARE_NUMBER.lastIndex;
      at = copied - 1;
    }
  }
  return out + text.slice(copied);
}
