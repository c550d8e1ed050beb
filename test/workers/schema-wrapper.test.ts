import { describe, expect, test } from 'vitest';
import { captured, newTrial, siteRecord } from './record-builder.ts';

describe('schemas in front of the payload', () => {
  const wrap = (schema: object, fields: object = {}) =>
    captured({ value: `{"schema":${JSON.stringify(schema)},"payload":${siteRecord(fields).value}}` });

  test('may change from record to record of a topic', () => {
    const trial = newTrial();
    for (let round = 0; round < 20; round++) {
      const record = wrap({ type: 'struct', version: round % 11, doc: 'a "quoted" } brace' });
      expect(trial.mutation(record).columns.name).toBe('Main');
    }
    expect(trial.mutation(siteRecord({})).columns.name).toBe('Main');
  });

  test('a text cut off behind a known schema is refused', () => {
    const trial = newTrial();
    const record = wrap({ type: 'struct' });
    trial.mutation(record);
    expect(trial.decode({ ...record, value: record.value?.slice(0, -1) ?? null })).toMatchObject({
      code: 'invalid_json',
    });
  });

  test('a row with columns called schema and payload is no wrapper', () => {
    const key = '{"schema":"a","payload":"b","id":4}';
    expect(newTrial().mutation(siteRecord({}, { key })).id).toBe('4');
  });
});
