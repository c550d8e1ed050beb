import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { columnsRead } from '../../src/cli/columns-read.ts';
import { sourcesPage } from '../../src/cli/sources-page.ts';
import { ENTITIES, ENTITY_NAMES } from '../../src/shared/entity.ts';
import { eventTypeRows } from '../../src/shared/event-type.ts';
import { messageTypes } from '../../src/shared/message-type.ts';
import { firstText, text } from '../../src/workers/conversions.ts';

describe('the page of sources', () => {
  const page = sourcesPage();

  test('is what docs/sources.md holds', () => {
    expect(readFileSync('docs/sources.md', 'utf8')).toBe(page);
  });

  test('names every table, every entity, every column and every source type of events', () => {
    for (const { table, aliases, documentType } of messageTypes) {
      for (const name of [table, ...aliases, documentType ?? table]) expect(page).toContain(`\`${name}\``);
    }
    for (const name of ENTITY_NAMES) {
      expect(page).toContain(`### ${name}\n`);
      for (const column of Object.keys(ENTITIES[name].columns)) expect(page).toContain(`\`${column}\``);
    }
    for (const { sourceType, eventType } of eventTypeRows()) {
      expect(page).toContain(`\`${sourceType}\``);
      expect(page).toContain(`\`${eventType}\``);
    }
  });

  test('tells the guards of each message type', () => {
    const section = page.slice(page.indexOf('## Guards'), page.indexOf('## Event types'));
    for (const { name } of messageTypes) expect(section).toContain(`\`${name}\``);
  });
});

test('the columns that a converter reads are found by asking it', () => {
  expect(columnsRead(text('name'), false)).toEqual(['name']);
  expect(columnsRead(firstText('first', 'second'), true)).toEqual(['first', 'second']);
  expect(columnsRead(() => 'constant', false)).toEqual([]);
  expect(columnsRead((row) => Object.keys(row.document).join(), false)).toEqual(['*']);
});
