import { describe, expect, test } from 'vitest';
import { DestinationError } from '../../src/shared/errors.ts';
import { RecordOutcomes } from '../../src/workers/record-outcomes.ts';
import { FakeStore } from './fake-store.ts';
import { changed, changeTrial } from './rows.ts';

const T = 'tactical-rmm';
const alert = (version: number, id = '1') => changed('alert', T, id, version, { message: 'down' });
const event = (version: number, id = '1') =>
  changed('event', T, `alerts_alert:${id}:triggered`, version, { summary: 'down' });

describe('a record of several changes', () => {
  test('counts once, as the most that happened to any of them', () => {
    const cases: [string[], string][] = [
      [['written', 'duplicate'], 'written'],
      [['duplicate', 'written', 'stale'], 'written'],
      [['stale', 'duplicate'], 'stale'],
      [['duplicate', 'duplicate'], 'duplicate'],
      [['written', 'dead_lettered:store_rejected'], 'dead_lettered:store_rejected'],
    ];
    for (const [ends, expected] of cases) {
      const outcomes = new RecordOutcomes();
      outcomes.expect(0, ends.length);
      for (const end of ends) outcomes.ended(0, end);
      expect(outcomes.counts).toEqual({ [expected]: 1 });
    }
  });

  test('tells analytics of each of them', async () => {
    const trial = changeTrial(new FakeStore());
    const { outcomes, analytics } = await trial.take([alert(1), event(1)], [alert(2, '2')]);
    expect(outcomes).toEqual({ written: 2 });
    expect(analytics.map(({ record, entity }) => [record, entity])).toEqual([
      [0, 'alert'],
      [0, 'event'],
      [1, 'alert'],
    ]);
  });

  test('of which the store refuses one is a dead letter, and the others of its batch are written', async () => {
    const store = new FakeStore();
    store.script = (mutations) => {
      if (mutations.some(({ entity, id }) => entity === 'event' && id.includes(':1:')))
        throw new DestinationError('permanent', 'refused');
    };
    const trial = changeTrial(store);
    const { outcomes, deadLetters } = await trial.take([alert(1), event(1)], [alert(2, '2'), event(2, '2')]);
    expect(outcomes).toEqual({ written: 1, 'dead_lettered:store_rejected': 1 });
    expect(deadLetters.map(({ index, code }) => [index, code])).toEqual([[0, 'store_rejected']]);
    expect(await trial.columns('event', T, 'alerts_alert:2:triggered')).toEqual({ summary: 'down' });
  });
});
