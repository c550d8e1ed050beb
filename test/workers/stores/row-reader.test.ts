import type { Client } from 'cassandra-driver';
import { describe, expect, test } from 'vitest';
import { must } from '../../../src/shared/assert.ts';
import { Statements } from '../../../src/workers/stores/cassandra-statements.ts';
import { RowReader } from '../../../src/workers/stores/row-reader.ts';

interface Request {
  readonly bucket: number;
  readonly ids: readonly string[];
  readonly answer: () => void;
  readonly fail: () => void;
}

/** A reader of a server that answers when a test says so, with a row for every id. An id is `<bucket>:<name>`. */
function readerOf() {
  const requests: Request[] = [];
  const client = {
    execute: (_query: string, [tool, bucket, ids]: [string, number, string[]]) =>
      new Promise((resolve, reject) => {
        const rows = ids.map((id) => ({ tool, id, version: 'v', hostname: `host of ${id}` }));
        const answer = () => resolve({ rows });
        requests.push({ bucket, ids, answer, fail: () => reject(new Error('away')) });
      }),
  };
  const statements = new Statements('k', { deletedKeepSeconds: 1, historyKeepSeconds: 1 });
  const bucketOf = (id: string): number => Number(id.split(':')[0]);
  const reader = new RowReader(client as unknown as Client, statements, bucketOf);
  const read = async (...ids: string[]) => [...(await reader.read('device', 'fleet-mdm', ids)).keys()];
  return { requests, read };
}

const turns = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** As many reads as run at once, each of a partition of its own. */
const RUNNING = Array.from({ length: 16 }, (_, bucket) => `${bucket}:0`);

describe('reads of rows', () => {
  test('that wait for their turn and ask one partition go together', async () => {
    const { requests, read } = readerOf();
    const running = read(...RUNNING);
    const [one, other] = [read('50:a', '50:b', '51:a'), read('50:b', '50:c')];
    await turns();
    expect(requests).toHaveLength(RUNNING.length);
    for (const { answer } of requests) answer();
    await turns();
    expect(requests.slice(RUNNING.length).map(({ ids }) => ids)).toEqual([
      ['50:a', '50:b', '50:c'],
      ['51:a'],
    ]);
    for (const { answer } of requests) answer();
    expect(await running).toEqual(RUNNING);
    expect([await one, await other]).toEqual([
      ['50:a', '50:b', '51:a'],
      ['50:b', '50:c'],
    ]);
  });

  test('that are under way take nobody else along: what they find may be older', async () => {
    const { requests, read } = readerOf();
    const [one, other] = [read('1:a'), turns().then(() => read('1:a'))];
    await turns();
    await turns();
    expect(requests.map(({ ids }) => ids)).toEqual([['1:a'], ['1:a']]);
    for (const { answer } of requests) answer();
    expect([await one, await other]).toEqual([['1:a'], ['1:a']]);
  });

  test('that fail do so for all who wait for them, and for nobody else', async () => {
    const { requests, read } = readerOf();
    const reads = [read('1:a', '2:a'), read('1:b'), read('2:b')];
    const outcomes = Promise.allSettled(reads);
    await turns();
    for (const { bucket, fail, answer } of requests) bucket === 1 ? fail() : answer();
    expect((await outcomes).map(({ status }) => status)).toEqual(['rejected', 'rejected', 'fulfilled']);
    const again = read('1:a');
    await turns();
    must(requests.at(-1), 'request').answer();
    expect(await again).toEqual(['1:a']);
  });

  test('of many rows of one partition are several', async () => {
    const { requests, read } = readerOf();
    const ids = Array.from({ length: 250 }, (_, index) => `7:${index}`);
    const all = read(...ids);
    await turns();
    expect(requests.map((request) => request.ids.length)).toEqual([100, 100, 50]);
    for (const { answer } of requests) answer();
    expect(await all).toEqual(ids);
  });
});
