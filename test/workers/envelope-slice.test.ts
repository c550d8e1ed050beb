import { describe, expect, test } from 'vitest';
import { EnvelopeSlicer } from '../../src/workers/envelope-slice.ts';
import { captured, MAIN_CAPTURES } from './captures.ts';

interface Envelope {
  readonly before: unknown;
  readonly after: unknown;
  readonly op: string;
  readonly ts_ms: number;
  readonly transaction: unknown;
  readonly source: Record<string, unknown>;
}

const records = (await Promise.all(MAIN_CAPTURES.map((path) => captured(path)))).flat();
const valuesOf = (topics: RegExp): string[] =>
  records.flatMap(({ topic, value }) => (value !== null && topics.test(topic) ? [value] : []));
const postgres = valuesOf(/^(tactical|authentik)\.public\./);
const fleet = valuesOf(/^fleetmdm\.fleet\./);
const meshcentral = valuesOf(/^meshcentral\./);

const slicer = new EnvelopeSlicer();
const sliceEnvelope = (text: string) => slicer.slice(text);

describe('an envelope cut out as text', () => {
  test.each([
    ['PostgreSQL', postgres, ['table', 'lsn'], 300],
    ['MariaDB', fleet, ['table', 'file', 'pos', 'row'], 300],
    ['MongoDB', meshcentral, ['collection'], 200],
  ] as const)(
    'has what parsing it whole gives, for every captured change of %s',
    (_name, texts, place, least) => {
      let cut = 0;
      for (const text of texts) {
        const sliced = sliceEnvelope(text);
        const whole = JSON.parse(text) as Envelope;
        if (sliced === undefined) {
          expect(whole.after).toBeNull();
          continue;
        }
        cut += 1;
        const names = ['connector', 'name', 'ts_ms', 'snapshot', ...place];
        expect(sliced.source).toEqual(Object.fromEntries(names.map((name) => [name, whole.source[name]])));
        expect([sliced.op, sliced.value.after, sliced.value.ts_ms]).toEqual([
          whole.op,
          whole.after,
          whole.ts_ms,
        ]);
        expect(sliced.value.before ?? null).toEqual(whole.before);
      }
      expect(cut).toBeGreaterThan(least);
    },
  );

  const [sample = ''] = postgres.filter((text) => text.includes('agents_agent'));
  const [document = ''] = meshcentral.filter((text) => text.includes('"after":"'));

  test.each([
    ['a delete', sample.replace('"after":{', '"after":null,"x":{')],
    ['no row before the change, and no null', sample.replace('"before":null', '"before":7')],
    ['another connector', sample.replace('"connector":"postgresql"', '"connector":"mariadb"')],
    ['no position', sample.replace(/"lsn":\d+/, '"lsn":null')],
    ['a position that is text', sample.replace(/"lsn":(\d+)/, '"lsn":"$1"')],
    ['no snapshot mark', sample.replace(/"snapshot":"[a-z_]+"/, '"snapshot":null')],
    ['a transaction block', sample.replace('"transaction":null', '"transaction":{"id":"1","total_order":1}')],
    ['an unknown operation', sample.replace(/"op":"."/, '"op":"x"')],
    ['a longer operation', sample.replace(/"op":"(.)"/, '"op":"$1$1"')],
    ['a text that was cut off', sample.slice(0, -1)],
    ['a text cut off in the row', sample.slice(0, 200)],
    ['a row that is no JSON', sample.replace('"after":{"id":', '"after":{"id"')],
    ['an object in its source', sample.replace('"xmin":null', '"xmin":{"lsn":7,"table":"x"}')],
    [
      'an object behind its source',
      sample.replace('},"transaction":null', '},"more":{"lsn":7,"table":"x"},"transaction":null'),
    ],
    [
      'a source that is inside of another member',
      document.replace(
        /"source":\{"version":"[^"]*",/,
        '"extra":{"version":{"id":1,"source":{"version":"9"}},',
      ),
    ],
    [
      'a source and an operation that are inside of another member',
      document
        .replace(',"source":{', ',"extra":{"id":1,"source":{')
        .replace(/,"transaction":null\}$/, ',"x":0},"transaction":null}'),
    ],
    ['spaces between its parts', sample.replace('"before":null,', '"before": null, ')],
  ])('is left to the parser when it has %s', (_what, text) => {
    expect(text).not.toBe(sample);
    expect(sliceEnvelope(text)).toBeUndefined();
  });

  test('is left to the parser when a document has a table beside its collection', () => {
    const [text = ''] = meshcentral.filter((value) => sliceEnvelope(value) !== undefined);
    expect(sliceEnvelope(text.replace('"snapshot":', '"table":"x","snapshot":'))).toBeUndefined();
  });

  test('is not misled by a row whose texts look like the rest of an envelope', () => {
    const evil = ',"source":{"version":"9"},"transaction":null,"op":"d","ts_ms":1,"lsn":1,"table":"x"}';
    const text = sample.replace(
      /"description":(null|"[^"]*")/,
      () => `"description":${JSON.stringify(evil)}`,
    );
    const sliced = sliceEnvelope(text);
    expect(sliced?.value.after).toEqual((JSON.parse(text) as Envelope).after);
    expect(sliced?.op).toBe((JSON.parse(text) as Envelope).op);
  });
});
