import { expect, test } from 'vitest';
import { must } from '../../src/shared/assert.ts';
import { captured, MAIN_CAPTURES } from './captures.ts';
import { Chance, Differential, mutated } from './decode-differential.ts';

/** `DECODE_RECORDS=1000000 DECODE_SEED=7 npx vitest run …` looks at more of them. */
const RECORDS = Number(process.env.DECODE_RECORDS ?? 3000);
const SEED = Number(process.env.DECODE_SEED ?? 20_261_127);

const WITH_SCHEMA = ['tactical-postgres-cdc', 'fleetmdm-mysql-cdc', 'meshcentral-meshcentral.jsonl'];
/** Records of more take most of the time and have no other members. */
const VALUE_MAX = 40_000;

test('A record with any member changed says the same whether its envelope is cut out as text or parsed', async () => {
  const folders = [...MAIN_CAPTURES, ...WITH_SCHEMA.map((name) => `with-schema/${name}`)];
  const records = (await Promise.all(folders.map((folder) => captured(folder)))).flat();
  const chance = new Chance(SEED);
  const differential = new Differential();
  let changes = 0;
  for (let count = 0; count < RECORDS; count += 1) {
    const record = must(records[chance.below(records.length)], 'record');
    if (record.value === null || record.value.length > VALUE_MAX) continue;
    let { value } = record;
    for (let left = 1 + chance.below(3); left > 0; left -= 1) value = mutated(value, chance);
    const [cut, parsed] = differential.bothOf({ ...record, value });
    if (cut !== parsed) expect(cut, value).toBe(parsed);
    if (cut.startsWith('[{"kind":"changes"')) changes += 1;
  }
  // Most of what was changed is still a change, so that the comparison is of columns and versions.
  expect(changes).toBeGreaterThan(RECORDS / 4);
});
