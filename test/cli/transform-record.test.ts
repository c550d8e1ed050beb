import { describe, expect, test } from 'vitest';
import { printJson, transformRecord } from '../../src/cli/transform-record.ts';
import type { CapturedRecord } from '../../src/shared/record.ts';
import { meshRecord, newTrial, tacticalRecord } from '../workers/record-builder.ts';

const line = (record: CapturedRecord): unknown =>
  JSON.parse(printJson(transformRecord(record, newTrial().decoder)));

describe('a line of transform', () => {
  test('of a truncate says what is gone, and up to which version', () => {
    expect(line(tacticalRecord('alerts_alert', { op: 't', after: null }, { key: null }))).toMatchObject({
      outcome: 'changed',
      mutations: [],
      analytics: [],
      truncate: [
        { entity: 'alert', tool: 'tactical-rmm', facet: 'main', version: '0000-00000000016e9058-1' },
      ],
    });
  });

  test('has all mutations of a record, those inside of others included', () => {
    const group = '{"_id":"ugrp//g","type":"ugrp","name":"G","links":{"user//ann":{"rights":1}}}';
    expect(line(meshRecord('ugrp//g', group, 'c'))).toMatchObject({
      outcome: 'changed',
      mutations: [
        { entity: 'group', id: 'ugrp//g' },
        { entity: 'group_member', id: 'ugrp//g:user//ann', operation: 'create' },
      ],
      analytics: [{ topic: 'group-analytics' }, { topic: 'group_member-analytics' }],
    });
  });

  test('of a record that says nothing yet has its reason', () => {
    const after = { id: 3, time: '2026-09-01T10:00:00Z', type: 'script_run', agent_id: 7 };
    expect(line(tacticalRecord('agents_agenthistory', { op: 'c', after }))).toMatchObject({
      outcome: 'skipped',
      reason: 'nothing_happened',
    });
  });
});
