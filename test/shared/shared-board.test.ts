import { Worker } from 'node:worker_threads';
import { describe, expect, test } from 'vitest';
import {
  BucketLocks,
  CircuitFlags,
  createBoard,
  hashText,
  ReferenceEpochs,
} from '../../src/shared/shared-board.ts';

describe('bucket locks', () => {
  test('have one holder per name, whoever asks', () => {
    const board = createBoard(2);
    const [one, other] = [new BucketLocks(board), new BucketLocks(board)];
    expect(one.tryLock('device|tactical-rmm|3')).toBe(true);
    expect(one.tryLock('device|tactical-rmm|3')).toBe(false);
    expect(other.tryLock('device|tactical-rmm|3')).toBe(false);
    expect(other.tryLock('device|tactical-rmm|4')).toBe(true);
    one.unlock('device|tactical-rmm|3');
    expect(other.tryLock('device|tactical-rmm|3')).toBe(true);
  });

  test('hold between threads: the board is shared and not copied', async () => {
    const board = createBoard(1);
    const name = 'device|fleet-mdm|1';
    expect(new BucketLocks(board).tryLock(name)).toBe(true);
    const words = await new Promise<number>((resolve, reject) => {
      const worker = new Worker(
        'const { parentPort, workerData } = require("node:worker_threads");' +
          'parentPort.postMessage(new Int32Array(workerData.bucketLocks).reduce((sum, word) => sum + word, 0));',
        { eval: true, workerData: board },
      );
      worker.once('message', resolve).once('error', reject);
    });
    expect(words).toBe(1);
  });
});

describe('reference epochs', () => {
  test('move on for every thread when one says so, for this name only', () => {
    const board = createBoard(1);
    const [one, other] = [new ReferenceEpochs(board), new ReferenceEpochs(board)];
    const before = other.current('site|tactical-rmm|1');
    const unrelated = other.current('site|tactical-rmm|2');
    one.advance('site|tactical-rmm|1');
    expect(other.current('site|tactical-rmm|1')).toBe(before + 1);
    expect(other.current('site|tactical-rmm|2')).toBe(unrelated);
  });
});

describe('circuit flags', () => {
  test('tell main of any worker whose store is away', () => {
    const board = createBoard(3);
    const [worker, main] = [new CircuitFlags(board), new CircuitFlags(board)];
    expect(main.anyOpen).toBe(false);
    worker.set(2, true);
    expect([main.anyOpen, main.isOpen(2), main.isOpen(1)]).toEqual([true, true, false]);
    worker.set(2, false);
    expect(main.anyOpen).toBe(false);
  });
});

test('the hash of a text never changes', () => {
  expect([hashText(''), hashText('a'), hashText('foobar')]).toEqual([0x811c9dc5, 0xe40c292c, 0xbf9cf968]);
});
