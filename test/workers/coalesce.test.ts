import { describe, expect, test } from 'vitest';
import { merge } from '../../src/workers/coalesce.ts';
import { mutationOf } from './fake-store.ts';

describe('two changes of one row as one write', () => {
  test('keep a column that the later one leaves unset, and a null of either', () => {
    const merged = merge(
      mutationOf('1', 1, { hostname: 'A', description: 'long text', cpu: null }),
      mutationOf('1', 2, { hostname: 'B', mac: null }),
    );
    expect(merged.columns).toEqual({ hostname: 'B', description: 'long text', cpu: null, mac: null });
    expect(merged.version).toBe('v002');
    expect(merged.sourceTs).toBe(2);
  });

  test('are a delete when the later one is, and a row again when it is not', () => {
    const remove = mutationOf('1', 2, { hostname: null, description: null }, { deleted: true });
    expect(merge(mutationOf('1', 1, { hostname: 'A' }), remove)).toEqual(remove);
    const again = merge(remove, mutationOf('1', 3, { hostname: 'C' }));
    expect(again.deleted).toBe(false);
    expect(again.columns).toEqual({ hostname: 'C', description: null });
  });

  test('keep the later one’s part of a key move', () => {
    const carry = { fromId: '9', columns: ['description'] };
    const merged = merge(mutationOf('1', 1, {}), mutationOf('1', 2, {}, { carry, movedTo: '3' }));
    expect(merged).toMatchObject({ carry, movedTo: '3' });
  });
});
