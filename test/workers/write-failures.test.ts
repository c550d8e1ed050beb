import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { mutationOf } from './fake-store.ts';
import { gate, has, newTrial, outage, pass, permanent, transient } from './writer-trial.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe('a row that the store refuses', () => {
  test('fails alone; every other row of its batch is written', async () => {
    const { store, submit, results } = newTrial();
    store.script = (mutations) => {
      if (has(mutations, 'bad')) throw permanent();
    };
    submit(mutationOf('a', 1), mutationOf('bad', 1), mutationOf('c', 1));
    await pass();
    expect([results[0], results[2]]).toEqual(['written', 'written']);
    expect(results[1]).toMatchObject({ exhausted: false, attempts: 1, error: { message: 'refused' } });
    expect(store.rows.size).toBe(2);
  });

  test('takes no other change of its row with it, though they were merged', async () => {
    const { store, submit, results } = newTrial();
    store.script = (mutations) => {
      if (mutations.some(({ columns }) => columns.hostname === 'bad')) throw permanent();
    };
    submit(mutationOf('a', 1, { hostname: 'good', cpu: 'x' }), mutationOf('a', 2, { hostname: 'bad' }));
    await pass();
    expect(results[0]).toBe('written');
    expect(results[1]).toMatchObject({ exhausted: false });
    expect(store.columns('a')).toEqual({ hostname: 'good', cpu: 'x' });
    submit(mutationOf('a', 3, { hostname: 'bad' }), mutationOf('a', 4, { description: 'later' }));
    await pass();
    expect(results[2]).toMatchObject({ exhausted: false });
    expect(results[3]).toBe('written');
    expect(store.columns('a')).toEqual({ hostname: 'good', cpu: 'x', description: 'later' });
  });

  test('does not stop the changes of the same row that came while it was tried', async () => {
    const { store, submit, results } = newTrial();
    const { next } = gate(store);
    submit(mutationOf('a', 1), mutationOf('b', 1));
    const hold = store.script;
    store.script = async (mutations) => {
      await hold(mutations);
      if (mutations.some(({ version }) => version === 'v001')) throw permanent();
    };
    submit(mutationOf('a', 2));
    await next();
    for (let round = 0; round < 4; round += 1) await next();
    expect(results[2]).toBe('written');
  });
});

describe('a transient failure', () => {
  test('is tried again after a growing pause, and given up after five attempts while others succeed', async () => {
    const { store, submit, results, retries } = newTrial();
    store.buckets = (id) => (id === 'bad' ? 1 : 0);
    const at: number[] = [];
    store.script = (mutations) => {
      if (!has(mutations, 'bad')) return;
      at.push(Date.now());
      throw transient();
    };
    submit(mutationOf('bad', 1));
    for (let version = 1; version < 40; version += 1) {
      submit(mutationOf('good', version));
      await pass(50);
    }
    expect(results[0]).toMatchObject({ exhausted: true, attempts: 5, error: { kind: 'transient' } });
    expect(at).toHaveLength(5);
    expect(retries()).toBe(4);
    const pauses = at.slice(1).map((time, index) => time - (at[index] ?? 0));
    for (const [index, pause] of pauses.entries()) {
      expect(pause).toBeGreaterThanOrEqual(50 * 2 ** index);
      expect(pause).toBeLessThanOrEqual(100 * 2 ** index + 1);
    }
    expect(results.slice(1).every((result) => result === 'written')).toBe(true);
  });

  test('that passes leaves no trace but its retry', async () => {
    const { store, submit, results, circuit, retries } = newTrial();
    let failures = 2;
    store.script = () => {
      failures -= 1;
      if (failures >= 0) throw transient();
    };
    submit(mutationOf('a', 1));
    await pass(1000);
    expect([results, circuit, retries()]).toEqual([['written'], [], 2]);
  });

  test('counts no attempt while nothing else succeeds: then it is the store’s and opens the circuit', async () => {
    const { store, submit, results, circuit } = newTrial();
    let away = true;
    store.script = () => {
      if (away) throw transient();
    };
    store.probeScript = () => {
      if (away) throw transient();
    };
    submit(...Array.from({ length: 10 }, (_, index) => mutationOf(`r${index}`, 1)));
    await pass(60_000);
    expect(results.every((result) => result === undefined)).toBe(true);
    expect(circuit).toEqual([true]);
    away = false;
    await pass(10_000);
    expect(results.every((result) => result === 'written')).toBe(true);
    expect(circuit).toEqual([true, false]);
  });

  test('of one row’s making does not use up the attempts of the rows beside it', async () => {
    const { store, submit, results } = newTrial();
    store.script = async (mutations) => {
      if (has(mutations, 'slow')) {
        await new Promise((resolve) => setTimeout(resolve, 5000));
        throw transient();
      }
    };
    submit(mutationOf('slow', 1), ...Array.from({ length: 31 }, (_, index) => mutationOf(`r${index}`, 1)));
    await pass(600_000);
    expect(results[0]).toMatchObject({ exhausted: true });
    expect(results.slice(1).every((result) => result === 'written')).toBe(true);
  });

  test('keeps the order of its row: later changes wait behind it', async () => {
    const { store, submit, results } = newTrial();
    let failures = 1;
    store.script = () => {
      failures -= 1;
      if (failures >= 0) throw transient();
    };
    submit(mutationOf('a', 1, { cpu: 'x' }));
    await pass();
    submit(mutationOf('a', 2, { hostname: 'B' }));
    await pass(1000);
    expect(results).toEqual(['written', 'written']);
    expect(store.statements).toEqual([['a@v001'], ['a@v001'], ['a@v002']]);
    expect(store.columns('a')).toEqual({ cpu: 'x', hostname: 'B' });
  });
});

describe('an outage', () => {
  test('opens the circuit at once, fails nothing, and everything is written when a probe succeeds', async () => {
    const { store, submit, results, circuit } = newTrial();
    store.buckets = (id) => Number(id) % 8;
    let away = true;
    store.script = () => {
      if (away) throw outage();
    };
    store.probeScript = store.script as () => void;
    submit(...Array.from({ length: 40 }, (_, index) => mutationOf(String(index), 1)));
    await pass(1);
    const sent = store.statements.length;
    submit(mutationOf('1', 2), mutationOf('100', 1));
    await pass(300_000);
    expect(circuit).toEqual([true]);
    expect(store.statements).toHaveLength(sent);
    expect(results.every((result) => result === undefined)).toBe(true);
    away = false;
    await pass(1000);
    expect(results).toEqual(results.map(() => 'written'));
    expect(store.columns('1')).toEqual({ hostname: 'PC-2' });
    expect(circuit).toEqual([true, false]);
  });

  test('in the middle of a record’s retries does not count against it', async () => {
    const { store, submit, results } = newTrial();
    let calls = 0;
    store.script = () => {
      calls += 1;
      if (calls <= 4) throw transient();
      if (calls <= 8) throw outage();
    };
    submit(mutationOf('a', 1));
    await pass(60_000);
    expect(results).toEqual(['written']);
  });
});
