import { describe, expect, test } from 'vitest';
import { ENTITIES } from '../../src/shared/entity.ts';
import { createEventTypes } from '../../src/shared/event-type.ts';
import { messageTypes } from '../../src/shared/message-type.ts';
import { guardsOf } from '../../src/workers/guard-table.ts';
import { mappings } from '../../src/workers/mappings.ts';
import { agentRecord, NOW, newTrial, tacticalRecord } from './record-builder.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
const ALERT = { id: 3, alert_type: 'check', severity: 'error', resolved: false };
const RESULT = { id: 3, assigned_check_id: 1, agent_id: 7, status: 'passing' };

describe('a value that the tool is not known to write', () => {
  test('is kept and counted', () => {
    const trial = newTrial();
    const { columns } = trial.mutation(agentRecord({ plat: 'haiku', monitoring_type: 'server' }));
    expect(columns.platform).toBe('haiku');
    expect(trial.guarded).toEqual(['tactical-rmm.agents_agent unknown_value']);
  });
});

describe('text', () => {
  test('of an output ends visibly at 4 KiB', () => {
    const trial = newTrial();
    const after = { ...RESULT, stdout: 'ö'.repeat(5000) };
    const output = String(trial.mutation(tacticalRecord('checks_checkresult', { after })).columns.output);
    expect(output).toMatch(/^ö+… \[cut\]$/);
    expect(Buffer.byteLength(output)).toBeLessThanOrEqual(4096);
    expect(trial.guarded).toEqual(['tactical-rmm.checks_checkresult text_too_long']);
  });

  test('of exactly that size is left alone', () => {
    const trial = newTrial();
    const after = { ...RESULT, stdout: 'ö'.repeat(2048) };
    expect(trial.mutation(tacticalRecord('checks_checkresult', { after })).columns.output).toBe(after.stdout);
    expect(trial.guarded).toEqual([]);
  });
});

describe('a time to come', () => {
  test('is believed where it is somebody’s choice, and nowhere else', () => {
    const trial = newTrial();
    const later = new Date(NOW + 30 * DAY_MS).toISOString();
    const after = { ...ALERT, snooze_until: later, alert_time: later };
    expect(trial.mutation(tacticalRecord('alerts_alert', { op: 'u', after })).columns).toMatchObject({
      snoozed_until: NOW + 30 * DAY_MS,
      alert_time: null,
    });
    expect(trial.guarded).toEqual(['tactical-rmm.alerts_alert timestamp_out_of_range']);
  });
});

describe('the table of guards', () => {
  const mapped = mappings(createEventTypes());
  const table = new Map(
    messageTypes.flatMap((type) => {
      const mapping = mapped[type.name];
      return mapping === undefined
        ? []
        : [[type.name, guardsOf(type, Object.keys(mapping.columns))] as const];
    }),
  );

  test('has every message type, each with what its columns are held to', () => {
    for (const type of messageTypes) {
      const guards = table.get(type.name) ?? [];
      expect(guards.length).toBeGreaterThan(0);
      for (const guard of guards) {
        expect(guard.detail).not.toBe('');
        expect(['fix', 'keep', 'drop', 'reject']).toContain(guard.action);
        if (guard.rule === 'missing_column' || guard.column === '*') continue;
        expect(Object.keys(ENTITIES[type.entity].columns)).toContain(guard.column);
      }
    }
  });

  test('is plain data, a line for each rule of a column', () => {
    expect(table.get('tactical-rmm.checks_checkresult')).toContainEqual({
      column: 'status',
      rule: 'unknown_value',
      action: 'keep',
      detail: 'known are passing, failing, pending',
      values: ['passing', 'failing', 'pending'],
    });
    const lines = [...table.values()].flatMap((guards) =>
      guards.map(({ column, rule }) => ({ column, rule })),
    );
    expect(JSON.parse(JSON.stringify(lines))).toEqual(lines);
    for (const guards of table.values()) {
      const keys = guards.map(({ column, rule }) => `${column} ${rule}`);
      expect(new Set(keys).size).toBe(keys.length);
    }
  });
});
