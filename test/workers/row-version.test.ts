import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Tool } from '../../src/shared/entity.ts';
import { mysqlVersion, postgresVersion } from '../../src/shared/version.ts';
import { rowVersion } from '../../src/workers/row-version.ts';
import { applyCompletion, applyMutation } from '../../src/workers/stores/row.ts';
import type { Row } from '../../src/workers/stores/store.ts';
import { mutationOf } from './fake-store.ts';

const facets = ['main', 'host_seen_times', 'host_disks'];
const step = fc.oneof(
  fc.constant('complete' as const),
  fc.record({ facet: fc.constantFrom(...facets), position: fc.nat(50), row: fc.nat(3) }),
);

test('every state of a row has a version that sorts behind those before it, whichever facet changes', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      let row: Row | undefined;
      let last = '';
      for (const one of steps) {
        const next = one === 'complete' ? completed(row) : written(row, 'fleet-mdm', one);
        if (next === undefined || next === row) continue;
        row = next;
        // Until its main facet comes there is no row to tell of.
        if (row.versions.main === undefined) continue;
        expect(rowVersion(row) > last).toBe(true);
        last = rowVersion(row);
      }
    }),
  );
});

test('a change that is told without its row sorts before the row of the same version and behind older rows', () => {
  const versions = [0, 1, 9, 10, 255, 256].map((lsn) => postgresVersion(0, lsn, false));
  for (const [index, version] of versions.entries()) {
    const mutation = mutationOf('1', 1, {}, { version, entity: 'check_result' });
    const { row } = applyMutation(undefined, mutation);
    const stored = rowVersion(row);
    expect(version < stored).toBe(true);
    expect(stored < rowVersion({ ...row, completions: 1 })).toBe(true);
    const next = versions[index + 1];
    if (next !== undefined) expect(rowVersion({ ...row, completions: 1_000_000 }) < next).toBe(true);
  }
});

function completed(row: Row | undefined): Row | undefined {
  return row === undefined ? undefined : applyCompletion(row, row, { organisation_name: 'ACME' });
}

function written(
  row: Row | undefined,
  tool: Tool,
  at: { readonly facet: string; readonly position: number; readonly row: number },
): Row | undefined {
  const version = mysqlVersion(0, 1, at.position, at.row, false);
  const { outcome, row: after } = applyMutation(
    row,
    mutationOf('1', 1, {}, { tool, facet: at.facet, version }),
  );
  return outcome === 'written' ? after : row;
}
