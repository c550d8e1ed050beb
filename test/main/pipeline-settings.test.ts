import { expect, test } from 'vitest';
import { loadConfig } from '../../src/main/config.ts';
import { pipelineSettings } from '../../src/main/pipeline-settings.ts';

function slots(variables: Readonly<Record<string, string>>): number {
  const named = Object.entries(variables).map(([name, value]) => [`OPENFRAME_STREAM_${name}`, value]);
  return pipelineSettings(loadConfig({}, Object.fromEntries(named)).config, 2).slotsPerWorker;
}

test('more batches are on their way to a worker where changes that wait are written together', () => {
  expect(slots({})).toBe(16);
  expect(slots({ STORE__KIND: 'none' })).toBe(6);
  expect(slots({ STORE__KIND: 'embedded' })).toBe(6);
  expect(slots({ WORKERS__SLOTS_PER_WORKER: '3' })).toBe(3);
});
