import { describe, expect, test } from 'vitest';
import { siteMap } from '../../bench/peers/connect-references.ts';
import { guardedRecords } from '../../bench/peers/guarded-records.ts';
import { differenceOf, type Produced } from '../../bench/peers/verify.ts';
import { newDecoder, sourceRecord } from '../../bench/worker-parts.ts';

describe('the comparison of peers', () => {
  const record = { version: 'v1', hostname: 'one', processed_at: 1 };
  const produced = (...records: object[]): Produced => ({
    records: records.map((fields) => ({ key: 'tactical-rmm:1', value: JSON.stringify(fields) })),
    deadLetters: [{ key: 'a', value: 'b' }],
  });

  test('finds none between records that differ in their own time alone, in whatever order they come', () => {
    const later = { ...record, version: 'v2' };
    const other = produced(later, { ...record, processed_at: 2 });
    expect(differenceOf(produced(record, later), other)).toBeUndefined();
  });

  test('finds none where fields stand in another order, even between changes of one version', () => {
    const second = { ...record, hostname: 'two' };
    const turned = ({ hostname, ...rest }: typeof record): object => ({ ...rest, hostname });
    const other = produced(turned({ ...second, processed_at: 0 }), turned(record));
    expect(differenceOf(produced(record, second), other)).toBeUndefined();
  });

  test('names the field of a difference', () => {
    expect(differenceOf(produced(record), produced({ ...record, hostname: 'two' }))).toBe(
      'tactical-rmm:1 at version v1: field hostname is "two" instead of "one"',
    );
    expect(differenceOf(produced(record), produced({ ...record, site_name: null }))).toContain(
      'field site_name is null instead of absent',
    );
  });

  test('misses no record and no dead letter', () => {
    expect(differenceOf(produced(record), produced())).toContain('came 0 times instead of 1');
    expect(differenceOf(produced(), produced(record))).toContain("is not among the product's");
    expect(differenceOf(produced(), { records: [], deadLetters: [] })).toContain('only the product has');
  });

  test('is made on records of which the product takes most and refuses some', () => {
    const decoder = newDecoder();
    const kinds = guardedRecords('tactical').map(
      ({ key, value }, index) =>
        decoder.decode(sourceRecord('tactical.public.agents_agent', index, key, value)).kind,
    );
    expect(kinds.filter((kind) => kind === 'changes').length).toBeGreaterThan(150);
    expect(kinds.filter((kind) => kind === 'reject').length).toBeGreaterThan(15);
    expect(kinds).toContain('skip');
  });
});

describe('the sites for Redpanda Connect', () => {
  const named = { tool: 'tactical-rmm', name: 'North "one"' };
  const sites = siteMap([
    { entity: 'site', ...named, id: '7', organisation_id: '3' },
    { entity: 'organisation', ...named, id: '3', name: 'ACME' },
    { entity: 'site', ...named, id: '8', organisation_id: '4' },
    { entity: 'site', ...named, id: '9' },
  ]);

  test('are one literal, with the organisation in each', () => {
    const [, literal = ''] = /^map site \{\n {2}root = (.*)\.get\(this\)\n\}\n$/.exec(sites) ?? [];
    const site = { site_name: 'North "one"' };
    expect(JSON.parse(literal)).toEqual({
      7: { site_id: '7', ...site, organisation_id: '3', organisation_name: 'ACME' },
      8: { site_id: '8', ...site, organisation_id: '4', organisation_name: null },
      9: { site_id: '9', ...site, organisation_id: null, organisation_name: null },
    });
  });
});
