import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ENTITY_NAMES } from '../../src/shared/entity.ts';
import type { Mutation } from '../../src/shared/mutation.ts';
import { openStore } from '../../src/workers/stores/open-store.ts';
import { openframeStream } from './run-command.ts';

const path = join(mkdtempSync(join(tmpdir(), 'openframe-export-')), 'store');
const STORE = ['--set', 'store.kind=embedded', '--set', `store.embedded.path=${path}`];

function device(id: string, change: Partial<Mutation>): Mutation {
  return {
    entity: 'device',
    tool: 'tactical-rmm',
    id,
    facet: 'main',
    version: '0000-0000000000000001-1',
    sourceTs: 1_700_000_000_000,
    deleted: false,
    columns: {},
    ...change,
  };
}

describe('export', () => {
  it('prints rows of one entity with sorted keys, exact integers, and markers when asked', async () => {
    const store = await openStore({
      kind: 'embedded',
      path,
      buckets: 16,
      deletedKeepSeconds: 3600,
      historyKeepSeconds: 3600,
    });
    for (const mutation of [
      device('1', {
        columns: { hostname: 'A', memory_bytes: 9007199254740993n, last_seen: 0, online: true },
      }),
      device('2', { deleted: true }),
    ]) {
      expect(await store.write([mutation])).toEqual(['written']);
    }
    await store.close();

    const rows = await openframeStream(['export', 'device', ...STORE]);
    expect(rows).toEqual({
      code: 0,
      stderr: '',
      stdout:
        '{"hostname":"A","id":"1","last_seen":"1970-01-01T00:00:00.000Z","memory_bytes":9007199254740993,"online":true,' +
        '"source_ts":"2023-11-14T22:13:20.000Z","tool":"tactical-rmm"}\n',
    });
    const all = await openframeStream(['export', 'device', '--include-deleted', ...STORE]);
    expect(all.stdout.split('\n')).toHaveLength(3);
    expect(all.stdout).toContain('"deleted":true');
  }, 60_000);

  it('refuses an unknown entity, and a store that is not there', async () => {
    expect(await openframeStream(['export', 'nothing', ...STORE])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining(`Allowed choices are ${ENTITY_NAMES.join(', ')}`),
    });
    const nowhere = ['--set', 'store.kind=embedded', '--set', `store.embedded.path=${path}-nowhere`];
    expect(await openframeStream(['export', 'device', ...nowhere])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('no store at'),
    });
  }, 60_000);
});
