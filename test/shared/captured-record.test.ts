import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  capturedFiles,
  formatCapturedRecord,
  parseCapturedRecord,
  readCapturedFile,
  readCapturedRecords,
  toSourceRecord,
} from '../../src/shared/captured-record.ts';
import type { CapturedRecord } from '../../src/shared/record.ts';

const RECORD: CapturedRecord = {
  topic: 'a.b.c',
  partition: 2,
  offset: 9007199254740991,
  timestamp: 1795391931132,
  key: '{"id":1}',
  value: 'line\nbreak \u2028 \u0085 "q" ☕',
  headers: [
    ['h', 'first'],
    ['h', 'ö'],
    ['none', null],
  ],
};

async function* chunks(bytes: Buffer, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function all(input: AsyncIterable<CapturedRecord>): Promise<CapturedRecord[]> {
  const records: CapturedRecord[] = [];
  for await (const record of input) records.push(record);
  return records;
}

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'captured-'));
  await mkdir(join(folder, 'other-run'));
  await mkdir(join(folder, 'empty'));
  for (const name of ['b.jsonl', 'a.jsonl', 'README.md', 'other-run/c.jsonl']) {
    await writeFile(join(folder, name), `${formatCapturedRecord(RECORD)}\n`);
  }
});
afterAll(() => rm(folder, { recursive: true }));

describe('captured records', () => {
  test('are read as they were written', () => {
    const line = formatCapturedRecord(RECORD);
    expect(line).not.toContain('\n');
    expect(parseCapturedRecord(line, 'here')).toEqual(RECORD);
  });

  test.each([1, 7, 4096])('are split at line feeds only, in chunks of %d bytes', async (size) => {
    const tombstone = { ...RECORD, value: null, key: null, headers: [] };
    const bytes = Buffer.from(`${formatCapturedRecord(RECORD)}\n\n${formatCapturedRecord(tombstone)}`);
    expect(await all(readCapturedRecords(chunks(bytes, size), 'in'))).toEqual([RECORD, tombstone]);
  });

  test.each([
    ['{"topic"', 'not a line of JSON'],
    ['7', 'not a captured record'],
    ['{"topic":""}', 'topic is no text'],
    ['{"topic":"a","partition":0.5}', 'partition is no integer'],
    ['{"topic":"a","partition":0,"offset":0,"timestamp":0,"key":{}}', 'key is neither text nor null'],
    [
      '{"topic":"a","partition":0,"offset":0,"timestamp":0,"headers":[7]}',
      'a header is no [name, text] pair',
    ],
  ])('that are none are an error that names the line: %s', async (line, problem) => {
    const input = chunks(Buffer.from(`${formatCapturedRecord(RECORD)}\n${line}\n`), 100);
    await expect(all(readCapturedRecords(input, 'x.jsonl'))).rejects.toThrow(`x.jsonl:2: ${problem}`);
  });

  test('give the decoder their last header of a name', () => {
    const record = toSourceRecord(RECORD);
    expect(record.header('h')).toBe('ö');
    expect(record.header('none')).toBeUndefined();
    expect(record.header('other')).toBeUndefined();
  });
});

describe('files to read', () => {
  test('are a folder’s own by name, not those of other runs inside', async () => {
    const files = await capturedFiles([folder]);
    expect(files).toEqual([join(folder, 'a.jsonl'), join(folder, 'b.jsonl')]);
    expect(await all(readCapturedFile(files[0] ?? ''))).toEqual([RECORD]);
  });

  test('may be named one by one', async () => {
    const file = join(folder, 'other-run/c.jsonl');
    expect(await capturedFiles([file])).toEqual([file]);
  });

  test('that are not there are an error', async () => {
    await expect(capturedFiles([join(folder, 'nowhere')])).rejects.toThrow('no such file or folder');
    await expect(capturedFiles([join(folder, 'empty')])).rejects.toThrow('has no .jsonl file');
  });
});
