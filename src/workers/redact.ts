import { stringify as stringifyLossless } from 'lossless-json';
import { cutText } from './cut-text.ts';
import type { Rule } from './guard-table.ts';
import { isArray, isObject, type Json, parseExact } from './json-text.ts';
import { isSecretName } from './secret-name.ts';
import { hintsAtSecret, redactedText } from './secret-text.ts';

/**
 * Takes secrets out of the free-form JSON that the tools keep beside their columns (audit values, activity details, event contexts):
 * by the names of members, in texts by what stands around them (secret-text.ts).
 */

export interface RedactOptions {
  /** Member names that are no secret here though they look it. */
  readonly keep?: readonly string[];
  /** Member names that are a secret here. */
  readonly remove?: readonly string[];
}

/** To how many bytes each text is cut in JSON that is too long, until it fits. */
const TEXT_LIMITS = [8192, 1024, 128];
/** Integers that a double may not hold. */
const LONG_NUMBER = /\d{16}/;
const DEPTH_MAX = 64;
const NONE: RedactOptions = {};

/**
 * A JSON text without its secrets; when it has more than `maxBytes`, with its texts cut visibly, and JSON still. Null for JSON's null,
 * and for a text that is no JSON. `fix` hears of both.
 */
export function redactedJson(
  text: string,
  maxBytes: number,
  fix: (rule: Rule) => void,
  options: RedactOptions = NONE,
): string | null {
  let value: Json;
  try {
    value = JSON.parse(text);
    if (value === null) return null;
    const clean = options.remove === undefined && !hintsAtSecret(text);
    if (clean) return bounded(text, value, maxBytes, fix);
    if (LONG_NUMBER.test(text)) value = parseExact(text, 'value');
  } catch {
    fix('invalid_json_column');
    return null;
  }
  const redacted = without(value, options, 0);
  // Nothing was in it: its own text is what the source has.
  return bounded(redacted === value ? text : jsonText(redacted), redacted, maxBytes, fix);
}

/** As redactedJson, of a value that is parsed already: part of a MongoDB document. Null for null. */
export function redactedValue(value: Json, maxBytes: number, fix: (rule: Rule) => void): string | null {
  if (value === null) return null;
  const redacted = without(value, NONE, 0);
  return bounded(jsonText(redacted), redacted, maxBytes, fix);
}

function jsonText(value: Json): string {
  try {
    return JSON.stringify(value);
  } catch {
    // Five times as slow, and knows integers beyond 2^53.
    return stringifyLossless(value) ?? 'null';
  }
}

function bounded(text: string, value: Json, maxBytes: number, fix: (rule: Rule) => void): string {
  const fits = (json: string): boolean => json.length * 3 <= maxBytes || Buffer.byteLength(json) <= maxBytes;
  if (fits(text)) return text;
  fix('text_too_long');
  for (const limit of TEXT_LIMITS) {
    const shorter = jsonText(shortened(value, limit));
    if (fits(shorter)) return shorter;
  }
  // Not long texts, but many members. No sign takes more than six bytes in JSON.
  return JSON.stringify(cutText(text, Math.floor(maxBytes / 8)));
}

function shortened(value: Json, limit: number): Json {
  if (typeof value === 'string') return cutText(value, limit);
  if (isArray(value)) return value.map((item) => shortened(item, limit));
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [
      name,
      member === undefined ? null : shortened(member, limit),
    ]),
  );
}

/** The value itself when nothing in it is secret. */
function without(value: Json, options: RedactOptions, depth: number): Json {
  if (typeof value === 'string') return withoutInText(value, options, depth);
  if (typeof value !== 'object' || value === null) return value;
  // What is nested deeper is no detail that anyone reads.
  if (depth >= DEPTH_MAX) return null;
  if (isArray(value)) {
    const items = value.map((item) => without(item, options, depth + 1));
    return items.every((item, at) => item === value[at]) ? value : items;
  }
  if (!isObject(value)) return value;
  const kept: { [name: string]: Json } = {};
  let changed = false;
  const valueIsSecret = namesSecret(value.name) || namesSecret(value.key);
  for (const [name, member] of Object.entries(value)) {
    if (member === undefined) continue;
    const secret = isRemoved(name, member, options) || (valueIsSecret && name === 'value');
    const clean = secret ? undefined : without(member, options, depth + 1);
    if (clean !== member) changed = true;
    if (clean !== undefined) kept[name] = clean;
  }
  return changed ? kept : value;
}

/** `{"name": "SMTP password", "value": …}`: the name of the secret is a value itself. */
function namesSecret(name: Json | undefined): boolean {
  return typeof name === 'string' && name.length < 256 && isSecretName(name);
}

function isRemoved(name: string, value: Json, { keep, remove }: RedactOptions): boolean {
  if (remove?.includes(name)) return true;
  // Whether there is a secret is none.
  if (value === null || typeof value === 'boolean' || !isSecretName(name)) return false;
  return !(keep?.includes(name) || isModelReference(value));
}

/** Authentik tells by application and key which secret somebody looked at, not the secret. */
function isModelReference(value: Json): boolean {
  return isObject(value) && typeof value.app === 'string' && value.pk !== undefined;
}

function withoutInText(text: string, options: RedactOptions, depth: number): string {
  if (/^\s*[{[]/.test(text)) {
    try {
      const inner: Json = LONG_NUMBER.test(text) ? parseExact(text, 'value') : JSON.parse(text);
      const redacted = without(inner, options, depth + 1);
      return redacted === inner ? text : jsonText(redacted);
    } catch {
      // Not JSON after all.
    }
  }
  return redactedText(text);
}
