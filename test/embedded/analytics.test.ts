import { parse } from 'lossless-json';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Config } from '../../src/main/config.ts';
import { ENTITIES, ENTITY_NAMES, type EntityName } from '../../src/shared/entity.ts';
import type { CapturedRecord } from '../../src/shared/record.ts';
import { jsonLine } from '../../src/workers/stores/export-row.ts';
import { captured, MAIN_CAPTURES } from '../workers/captures.ts';
import { Trial } from './trial.ts';
import { type UpsertedRow, upserted } from './upserted.ts';

const KEPT_BY_ANALYTICS = ENTITY_NAMES.filter((name) => ENTITIES[name].analyticsTopic !== null);

/** The columns of the model alone, in one order. */
function columnsOf(entity: EntityName, row: UpsertedRow): UpsertedRow {
  const names = ['tool', 'id', ...Object.keys(ENTITIES[entity].columns)].sort();
  return Object.fromEntries(names.filter((name) => row[name] !== undefined).map((name) => [name, row[name]]));
}

describe('the analytics records of the captured run, taken in as Pinot does', () => {
  let trial: Trial;
  let config: Config;
  beforeAll(async () => {
    trial = await Trial.open();
    const records: CapturedRecord[] = (await Promise.all(MAIN_CAPTURES.map((name) => captured(name)))).flat();
    await trial.feed(records);
    config = trial.config();
    await trial.run(config);
  });
  afterAll(() => trial.close());

  async function analyticsRows(entity: EntityName): Promise<Map<string, UpsertedRow>> {
    return upserted(await trial.broker.read(ENTITIES[entity].analyticsTopic ?? ''));
  }

  async function exportedRows(entity: EntityName): Promise<Map<string, UpsertedRow>> {
    const rows = new Map<string, UpsertedRow>();
    for (const [key, row] of await trial.rows(config, entity)) {
      rows.set(key, parse(jsonLine(row)) as UpsertedRow); // digit by digit, as the records are read
    }
    return rows;
  }

  test.each(KEPT_BY_ANALYTICS)('give the exported rows of %s, column by column', async (entity) => {
    const [shown, exported] = [await analyticsRows(entity), await exportedRows(entity)];
    expect([...shown.keys()].sort()).toEqual([...exported.keys()].sort());
    for (const [key, row] of exported) {
      expect([key, columnsOf(entity, shown.get(key) ?? {})]).toEqual([key, columnsOf(entity, row)]);
    }
  });

  test('have rows of most entities, and deletes among them', async () => {
    let filled = 0;
    let deletes = 0;
    for (const entity of KEPT_BY_ANALYTICS) {
      const records = await trial.broker.read(ENTITIES[entity].analyticsTopic ?? '');
      if (records.length > 0) filled += 1;
      deletes += records.filter(({ value }) => value?.includes('"deleted":true')).length;
    }
    expect(filled).toBeGreaterThan(KEPT_BY_ANALYTICS.length / 2);
    expect(deletes).toBeGreaterThan(0);
  });

  test('all have the time that their table is ordered by, deletes of what is state included', async () => {
    for (const entity of KEPT_BY_ANALYTICS) {
      const column = entity === 'event' ? 'event_time' : 'source_ts';
      for (const { value } of await trial.broker.read(ENTITIES[entity].analyticsTopic ?? '')) {
        const time: unknown = JSON.parse(value ?? '')[column];
        expect([entity, typeof time]).toEqual([entity, column === 'event_time' ? 'string' : 'number']);
      }
    }
  });
});
