import { beforeAll, describe, expect, test } from 'vitest';
import { toSourceRecord } from '../../src/shared/captured-record.ts';
import { ENTITIES, ENTITY_NAMES } from '../../src/shared/entity.ts';
import { createDecoder } from '../../src/workers/decode.ts';
import { captured, MAIN_CAPTURES, SOURCES } from '../workers/captures.ts';
import { differences } from './differences.ts';
import { expectedRows } from './expected-rows.ts';
import { Fold } from './fold.ts';
import { plantedSecrets } from './planted-secrets.ts';

/**
 * Folds what the decoder makes of the whole captured run into rows, as simply as can be, and compares with the sources' final states:
 * nothing lost, nothing wrong, in every column that a row's own record tells.
 */

/** Made of other rows alone: no record tells them. */
const DECODED = ENTITY_NAMES.filter((entity) => entity !== 'device_link');
const fold = new Fold();
const guarded: string[] = [];

beforeAll(async () => {
  const decoder = createDecoder({
    sources: SOURCES,
    now: () => 0,
    onGuard: (type, rule) => guarded.push(`${type} ${rule}`),
  });
  for (const capture of MAIN_CAPTURES) {
    for (const record of await captured(capture)) {
      const decoded = decoder.decode(toSourceRecord(record));
      if (decoded.kind === 'reject') throw new Error(`${record.topic} ${record.offset}: ${decoded.message}`);
      if (decoded.kind === 'changes') for (const change of decoded.changes) fold.apply(change);
      if (decoded.kind === 'truncate') {
        for (const { entity, tool } of decoded.types) fold.truncate(entity, tool, decoded.version);
      }
    }
  }
});

describe('the captured run, folded by version', () => {
  test.each(DECODED)('gives every row of %s as its source ended, in its own columns', (entity) => {
    expect(differences(entity, fold.live(entity), { ownColumnsOnly: true })).toEqual([]);
  });

  test('needs no guard: the sources wrote nothing that has to be fixed', () => {
    expect(guarded).toEqual([]);
  });
});

describe('the truth', () => {
  /** Columns that no row has at the end of the captured run: other tests have to show these. */
  const UNSEEN = [
    'script.description',
    'query.platforms',
    'query_result.error',
    'task.device_id',
    'alert.snoozed_until',
    // Worded by the product.
    'event.summary',
    'event.details',
  ];
  /** Columns that every entity has, whether a source says them or not. */
  const GENERAL = [
    'organisation_id',
    'organisation_name',
    'site_id',
    'site_name',
    'created_at',
    'updated_at',
  ];

  test('has rows of every entity, and a value in every column but a few', () => {
    const unseen = ENTITY_NAMES.flatMap((entity) => {
      const seen = new Set([...expectedRows(entity).values()].flatMap((row) => Object.keys(row)));
      const columns = Object.keys(ENTITIES[entity].columns).filter((column) => !GENERAL.includes(column));
      return columns.filter((column) => !seen.has(column)).map((column) => `${entity}.${column}`);
    });
    expect(unseen).toEqual(UNSEEN);
  });

  test('knows the secrets that stand in the sources: hashes of passwords, salts, keys of devices and sessions', () => {
    expect(plantedSecrets().size).toBeGreaterThan(100);
  });
});
