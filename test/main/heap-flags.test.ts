import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { HEAP_FLAGS } from '../../src/main/worker-pool.ts';

// `setFlagsFromString` says nothing about a flag that this V8 does not have.
test.each(HEAP_FLAGS)('V8 takes %s', (flag) => {
  const { status, stderr } = spawnSync(process.execPath, [flag, '--eval', '']);
  expect([status, stderr.toString()]).toEqual([0, '']);
});
