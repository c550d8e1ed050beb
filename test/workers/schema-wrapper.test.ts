import { describe, expect, test } from 'vitest';
import { SchemaWrapper } from '../../src/workers/schema-wrapper.ts';
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

  test('may stand apart from the text, be it cut where the schema ends or elsewhere', () => {
    const schema = '{"fields":[{"field":",\\"payload\\":"}],"parameters":{"a":1,"payload":2}}';
    const text = `{"schema":${schema},"payload":{"id":1}}`;
    const wrapper = new SchemaWrapper();
    for (const behind of ['{"id":1}}', '2}}', 'payload":{"id":1}}', '"id":1}}', text, '{"id":1}}', '}']) {
      const at = text.length - behind.length;
      expect(wrapper.payloadText(text.slice(at), text.slice(0, at))).toBe('{"id":1}');
    }
  });

  test('that stands apart from a text cut off leaves it cut off', () => {
    const [wrapper, before] = [new SchemaWrapper(), '{"schema":null,"payload":'];
    expect(wrapper.payloadText('{"id":1}}', before)).toBe('{"id":1}');
    expect(() => JSON.parse(wrapper.payloadText('{"id":1}', before))).toThrow(SyntaxError);
    expect(() => JSON.parse(new SchemaWrapper().payloadText('{"id":1}', before))).toThrow(SyntaxError);
  });

  test('a row with columns called schema and payload is no wrapper', () => {
    const key = '{"schema":"a","payload":"b","id":4}';
    expect(newTrial().mutation(siteRecord({}, { key })).id).toBe('4');
  });
});
