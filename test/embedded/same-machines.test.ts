import { beforeAll, describe, expect, test } from 'vitest';
import type { CapturedRecord } from '../../src/shared/record.ts';
import { expectedRows } from '../truth/expected-rows.ts';
import { pretendSameMachines } from '../truth/same-machines.ts';
import { captured, MAIN_CAPTURES } from '../workers/captures.ts';
import { shuffled } from './shuffled.ts';
import { Trial } from './trial.ts';

describe('machines that have the agents of three tools', () => {
  let records: CapturedRecord[] = [];
  beforeAll(async () => {
    const rewritten = pretendSameMachines();
    records = (await Promise.all(MAIN_CAPTURES.map((name) => captured(name)))).flat().map(rewritten);
  });

  test.each([4, 5])(
    'are linked, and MeshCentral’s side is where Tactical’s is, whatever comes first, seed %i',
    async (seed) => {
      const links = [...expectedRows('device_link').values()];
      expect(links.filter((row) => row.linked_tool === 'meshcentral').length).toBeGreaterThan(20);
      const trial = await Trial.open();
      try {
        await trial.feed(shuffled(records, seed));
        const config = trial.config();
        await trial.run(config);
        await trial.expectTruth(config);
      } finally {
        await trial.close();
      }
    },
  );
});
