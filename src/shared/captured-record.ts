import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { UsageError } from './errors.ts';
import type { CapturedRecord, SourceRecord } from './record.ts';

/**
 * Captured records as JSON lines (contract, section 3): `{"topic","partition","offset","timestamp","key","value","headers"}`. Lines
 * end with \n alone. Values hold U+2028, which line readers such as node:readline take for an end of line, so it is split here.
 */

/** One line without its end. */
export function formatCapturedRecord(record: CapturedRecord): string {
  const { topic, partition, offset, timestamp, key, value, headers } = record;
  return JSON.stringify({ topic, partition, offset, timestamp, key, value, headers });
}

/** Reads one line; `where` names it in the error, which says what is wrong and never what the line holds. */
export function parseCapturedRecord(line: string, where: string): CapturedRecord {
  let parsed: unknown;
  try {
    parsed = JSON.parse(line);
  } catch {
    throw new UsageError(`${where}: not a line of JSON`);
  }
  if (typeof parsed !== 'object' || parsed === null) throw new UsageError(`${where}: not a captured record`);
  const record: Partial<Record<keyof CapturedRecord, unknown>> = parsed;
  const { topic, partition, offset, timestamp, key, value, headers } = record;
  if (typeof topic !== 'string' || topic === '') throw new UsageError(`${where}: topic is no text`);
  return {
    topic,
    partition: integer(partition, 'partition', where),
    offset: integer(offset, 'offset', where),
    timestamp: integer(timestamp, 'timestamp', where),
    key: textOrNull(key, 'key', where),
    value: textOrNull(value, 'value', where),
    headers: headerList(headers, where),
  };
}

function integer(value: unknown, field: string, where: string): number {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return value;
  throw new UsageError(`${where}: ${field} is no integer`);
}

function textOrNull(value: unknown, field: string, where: string): string | null {
  if (value === undefined || value === null) return null;
  if (typeof value === 'string') return value;
  throw new UsageError(`${where}: ${field} is neither text nor null`);
}

function headerList(value: unknown, where: string): [string, string | null][] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw new UsageError(`${where}: headers is no list`);
  const items: readonly unknown[] = value;
  return items.map((item) => {
    const pair: readonly unknown[] = Array.isArray(item) ? item : [];
    const [name, text] = pair;
    if (typeof name !== 'string') throw new UsageError(`${where}: a header is no [name, text] pair`);
    return [name, textOrNull(text, 'a header', where)];
  });
}

/** A captured record as the decoder takes it. Of headers with one name the last counts, as in Kafka. */
export function toSourceRecord(captured: CapturedRecord): SourceRecord {
  const { topic, partition, offset, timestamp, key, value, headers } = captured;
  return {
    topic,
    partition,
    offset,
    timestamp,
    key,
    value,
    valuePrefix: '',
    header: (name) => headers.findLast(([known]) => known === name)?.[1] ?? undefined,
  };
}

const NEWLINE = 0x0a;

/** Records of a stream of bytes, one by one, without ever holding more than a chunk and a line. `name` is for error messages. */
export async function* readCapturedRecords(
  input: AsyncIterable<Uint8Array | string>,
  name: string,
): AsyncGenerator<CapturedRecord> {
  let parts: Buffer[] = [];
  let line = 0;
  for await (const data of input) {
    const chunk = Buffer.from(data);
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      parts.push(chunk.subarray(start, end));
      start = end + 1;
      line++;
      // A character may be split between chunks: bytes become text by whole lines.
      const text = Buffer.concat(parts).toString();
      parts = [];
      if (text.trim() !== '') yield parseCapturedRecord(text, `${name}:${line}`);
    }
    if (start < chunk.length) parts.push(chunk.subarray(start));
  }
  const rest = Buffer.concat(parts).toString();
  if (rest.trim() !== '') yield parseCapturedRecord(rest, `${name}:${line + 1}`);
}

/** Records of a file. */
export function readCapturedFile(path: string): AsyncGenerator<CapturedRecord> {
  return readCapturedRecords(createReadStream(path), path);
}

/**
 * The files meant by FILE|DIR arguments: a file itself, of a folder its own .jsonl files by name. Not those of folders inside: they
 * are other runs, whose offsets on the same topics have nothing to do with these.
 */
export async function capturedFiles(paths: readonly string[]): Promise<string[]> {
  const files: string[] = [];
  for (const path of paths) {
    const found = await stat(path).catch(() => undefined);
    if (found === undefined) throw new UsageError(`${path}: no such file or folder`);
    if (!found.isDirectory()) {
      files.push(path);
      continue;
    }
    const names = (await readdir(path)).filter((name) => name.endsWith('.jsonl')).sort();
    if (names.length === 0) throw new UsageError(`${path}: has no .jsonl file`);
    files.push(...names.map((name) => join(path, name)));
  }
  return files;
}
