import { availableParallelism } from 'node:os';
import { describe, expect, it } from 'vitest';
import { usableCores, workerCount } from '../../src/main/worker-count.ts';

describe('the number of workers', () => {
  const cores = availableParallelism();

  it.each([
    ['max 100000\n', cores],
    ['100000 100000\n', 1],
    ['50000 100000\n', 1],
    ['100000000 100000\n', cores],
    ['', cores],
    ['nonsense', cores],
  ])('takes a quota of %j as %s usable cores', (text, usable) => {
    expect(usableCores(() => text)).toBe(usable);
  });

  it('counts all cores where there is no quota file', () => {
    const missing = () => {
      throw new Error('ENOENT');
    };
    expect(usableCores(missing)).toBe(cores);
  });

  it('leaves a core to the main thread unless it is told a number', () => {
    expect(workerCount(0, 4)).toBe(3);
    expect(workerCount(0, 1)).toBe(1);
    expect(workerCount(6, 4)).toBe(6);
  });
});
