import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PartitionMap, PartitionState } from '../../src/main/partitions.ts';

const newState = () => new PartitionState('t', 0, 1, 0);

describe('the commit frontier', () => {
  test('waits for a gap, then moves over everything acknowledged behind it', () => {
    const state = newState();
    const ranges = [10, 20, 30].map((offset) => state.openRange(offset, offset * 1000));
    const acknowledge = (index: number): boolean => {
      const range = ranges[index];
      if (range !== undefined) range.acknowledged = true;
      return state.advance();
    };
    expect(acknowledge(2)).toBe(false);
    expect(acknowledge(1)).toBe(false);
    expect([state.frontier, state.rangesOpen, state.unacknowledged]).toEqual([null, 3, 3]);
    expect(acknowledge(0)).toBe(true);
    expect([state.frontier, state.frontierTimestamp, state.rangesOpen]).toEqual([31, 30_000, 0]);
  });

  test('keeps gaps in the offsets: it is one beyond the last record and not a count', () => {
    const state = newState();
    const range = state.openRange(100, 1);
    range.lastOffset = 250;
    range.records = 3;
    expect(state.unacknowledged).toBe(3);
    range.acknowledged = true;
    state.advance();
    expect(state.frontier).toBe(251);
    expect(state.advance()).toBe(false);
  });

  test('is never beyond the first range that is not acknowledged, in whatever order they end', () => {
    const order = fc.integer({ min: 1, max: 300 }).chain((count) =>
      fc
        .shuffledSubarray(
          Array.from({ length: count }, (_, index) => index),
          { minLength: 0 },
        )
        .map((acknowledged) => ({ count, acknowledged })),
    );
    fc.assert(
      fc.property(order, ({ count, acknowledged }) => {
        const state = newState();
        const ranges = Array.from({ length: count }, (_, index) => state.openRange(index * 7, index));
        const done = new Set<number>();
        for (const index of acknowledged) {
          const range = ranges[index];
          if (range !== undefined) range.acknowledged = true;
          done.add(index);
          state.advance();
          let first = 0;
          while (done.has(first)) first += 1;
          expect(state.frontier).toBe(first === 0 ? null : (first - 1) * 7 + 1);
          expect(state.rangesOpen).toBe(count - first);
        }
      }),
      { numRuns: 50 },
    );
  });

  test('of a later assignment is not moved by a late result of an earlier one', () => {
    const map = new PartitionMap(2);
    const earlier = map.assign('t', 0);
    const late = earlier.openRange(500, 1);
    earlier.revoked = true;
    map.remove(earlier);
    const later = map.assign('t', 0);
    const range = later.openRange(10, 1);
    late.acknowledged = true;
    expect(earlier.advance()).toBe(true);
    expect([later.frontier, later.rangesOpen]).toEqual([null, 1]);
    range.acknowledged = true;
    later.advance();
    expect(map.get('t', 0)?.frontier).toBe(11);
  });
});

describe('the partition-to-worker map', () => {
  test('spreads every topic over the workers, and small topics over all of them', () => {
    const map = new PartitionMap(4);
    for (let partition = 0; partition < 8; partition += 1) map.assign('hot', partition);
    for (let topic = 0; topic < 8; topic += 1) map.assign(`small-${topic}`, 0);
    for (let worker = 0; worker < 4; worker += 1) {
      const own = map.ofWorker(worker);
      expect(own.filter(({ topic }) => topic === 'hot')).toHaveLength(2);
      expect(own).toHaveLength(4);
    }
  });

  test('gives partitions that come back to the workers that have room', () => {
    const map = new PartitionMap(2);
    const states = [0, 1, 2, 3].map((partition) => map.assign('t', partition));
    for (const state of states) if (state.worker === 0) map.remove(state);
    expect([map.assign('t', 4).worker, map.assign('t', 5).worker]).toEqual([0, 0]);
  });

  test('keeps a topic’s id over assignments: workers have been told its name', () => {
    const map = new PartitionMap(1);
    const state = map.assign('a', 0);
    map.assign('b', 0);
    map.remove(state);
    expect(map.get('a', 0)).toBeUndefined();
    expect(map.assign('a', 3).topicId).toBe(state.topicId);
    expect([...map.all()].map(({ topic }) => topic)).toEqual(['a', 'b']);
    expect(map.size).toBe(2);
  });

  test('keeps the later state when the earlier one is removed late', () => {
    const map = new PartitionMap(1);
    const earlier = map.assign('t', 0);
    const later = map.assign('t', 0);
    map.remove(earlier);
    expect(map.get('t', 0)).toBe(later);
  });
});

describe('the map of partitions', () => {
  test('knows topics by the ids that their partitions have, also when none of them is left', () => {
    const map = new PartitionMap(2);
    const first = map.assign('first', 0);
    const second = map.assign('second', 7);
    map.remove(first);
    expect([map.topicOf(first.topicId), map.topicOf(second.topicId)]).toEqual(['first', 'second']);
    expect(map.these([first, second])).toEqual([second]);
  });
});
