import { expect, test } from 'vitest';
import { ENTITIES, ENTITY_NAMES } from '../../src/shared/entity.ts';
import type { CapturedRecord } from '../../src/shared/record.ts';
import { jsonLine } from '../../src/workers/stores/export-row.ts';
import { plantedSecrets, secretsIn } from '../truth/planted-secrets.ts';
import { captured, MAIN_CAPTURES } from '../workers/captures.ts';
import { Listener, Trial } from './trial.ts';

/** A record with a secret in it, spoilt so that it becomes a dead letter: cut off, of a wrong type, of no operation. */
function spoilt(record: CapturedRecord, index: number): CapturedRecord {
  const value = record.value ?? '';
  const spoil = [
    value.slice(0, -2),
    value.replace(/"username":"[^"]*"|"email":"[^"]*"|"hostname":"[^"]*"/, (member) =>
      member.replace(/:.*/, ':{"a":1}'),
    ),
    value.replace(/"op":"\w"/, '"op":"x"'),
  ];
  return { ...record, value: spoil[index % spoil.length] ?? '' };
}

test('no secret of the captured run leaves the process, neither in rows, records and logs nor in the headers of dead letters', async () => {
  expect(plantedSecrets().size).toBeGreaterThan(50);
  const trial = await Trial.open();
  try {
    const records = (await Promise.all(MAIN_CAPTURES.map((name) => captured(name)))).flat();
    const telling = records.filter(
      ({ topic, value }) =>
        /\.(accounts_user|users|hosts|authentik_core_user)$/.test(topic) && secretsIn(value ?? '').length > 0,
    );
    await trial.feed([...records, ...telling.map(spoilt)]);
    const config = trial.config({ 'log.level': 'trace' });
    const listener = await trial.run(config, new Listener());
    expect(listener.deadLetters.length).toBeGreaterThan(10);
    expect(listener.logs.flatMap(secretsIn)).toEqual([]);
    for (const entity of ENTITY_NAMES) {
      for (const row of (await trial.rows(config, entity)).values())
        expect(secretsIn(jsonLine(row))).toEqual([]);
      const { analyticsTopic } = ENTITIES[entity];
      if (analyticsTopic === null || (listener.produced[analyticsTopic] ?? 0) === 0) continue;
      for (const { key, value } of await trial.broker.read(analyticsTopic))
        expect(secretsIn(`${key} ${value}`)).toEqual([]);
    }
    let letters = 0;
    for (const topic of new Set(telling.map((record) => record.topic))) {
      for (const { headers, value } of await trial.broker.read(`${topic}.DLQ`)) {
        letters += 1;
        // The record stays as it was, what is said of it does not repeat it.
        expect(secretsIn(value ?? '').length).toBeGreaterThan(0);
        expect(secretsIn(JSON.stringify(headers))).toEqual([]);
      }
    }
    expect(letters).toBe(listener.deadLetters.length);
  } finally {
    await trial.close();
  }
});
