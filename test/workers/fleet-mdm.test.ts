import { describe, expect, it } from 'vitest';
import { change } from './fleet-change.ts';
import { newTrial } from './record-builder.ts';

const TIMES = { created_at: '2026-09-01T00:00:00Z', updated_at: '2026-09-02T10:20:30Z' };
const MADE = { created_at: Date.parse(TIMES.created_at), updated_at: Date.parse(TIMES.updated_at) };

describe('states of Fleet', () => {
  it('keep a label as a group, and its members under the table’s key', () => {
    const { mutation } = newTrial();
    const label = {
      id: 2,
      name: 'Köln machines',
      description: null,
      query: 'select 1;',
      label_type: 0,
      ...TIMES,
    };
    expect(mutation(change('labels', { id: 2 }, label))).toMatchObject({
      entity: 'group',
      id: '2',
      columns: { name: 'Köln machines', description: null, kind: 'label', ...MADE },
    });
    expect(
      mutation(change('label_membership', { host_id: 14, label_id: 2 }, { host_id: 14, label_id: 2 })),
    ).toMatchObject({
      entity: 'group_member',
      id: '14:2',
      columns: { group_id: '2', member_id: '14', member_kind: 'device' },
    });
  });

  it('keep a script without its body', () => {
    const script = {
      id: 1,
      team_id: 3,
      global_or_team_id: 3,
      name: 'hello.sh',
      script_content_id: 1,
      ...TIMES,
    };
    expect(newTrial().mutation(change('scripts', { id: 1 }, script))).toMatchObject({
      entity: 'script',
      columns: { organisation_id: '3', name: 'hello.sh', ...MADE },
    });
  });

  it('take the platforms of policies and queries apart', () => {
    const { mutation } = newTrial();
    const policy = {
      id: 1,
      team_id: null,
      name: 'P',
      query: 'SELECT 1;',
      description: '',
      resolution: null,
      critical: 1,
    };
    expect(
      mutation(change('policies', { id: 1 }, { ...policy, platforms: 'windows, darwin,,linux ' })).columns,
    ).toEqual({
      organisation_id: null,
      name: 'P',
      description: '',
      critical: true,
      platforms: ['darwin', 'linux', 'windows'],
      query: 'SELECT 1;',
      resolution: null,
    });
    expect(
      mutation(change('policies', { id: 1 }, { ...policy, platforms: '' })).columns.platforms,
    ).toBeNull();
    const query = {
      id: 2,
      team_id: 1,
      name: 'Q',
      query: 'SELECT 2;',
      description: 'd',
      platform: 'linux',
      schedule_interval: 3600,
    };
    expect(mutation(change('queries', { id: 2 }, query)).columns).toEqual({
      organisation_id: '1',
      name: 'Q',
      description: 'd',
      query: 'SELECT 2;',
      platforms: ['linux'],
      interval_seconds: 3600,
    });
  });

  it('keep what a query found as text, cut visibly at 64 KiB', () => {
    const trial = newTrial();
    const result = { id: 1, query_id: 2, host_id: 3, last_fetched: '2026-09-02T10:20:30Z', error: null };
    const data = '{"key": "HKLM\\\\Run", "n": 9007199254740993}';
    expect(trial.mutation(change('query_results', { id: 1 }, { ...result, data })).columns).toEqual({
      query_id: '2',
      device_id: '3',
      fetched_at: Date.parse('2026-09-02T10:20:30Z'),
      data,
      error: null,
    });
    const long = JSON.stringify({ text: 'x'.repeat(100_000) });
    const cut = String(
      trial.mutation(change('query_results', { id: 1 }, { ...result, data: long })).columns.data,
    );
    expect(Buffer.byteLength(cut)).toBeLessThanOrEqual(64 * 1024);
    expect(cut).toMatch(/… \[cut\]$/);
    const secret = trial.mutation(
      change('query_results', { id: 1 }, { ...result, data: '{"user":"ann","password":"x"}' }),
    );
    expect(secret.columns.data).toBe('{"user":"ann"}');
    expect(
      trial.mutation(change('query_results', { id: 1 }, { ...result, data: null })).columns.data,
    ).toBeNull();
    expect(trial.guarded).toEqual(['fleet-mdm.query_results text_too_long']);
  });
});
