import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { CollectedRows } from '../../src/main/collect.ts';
import { FollowUps } from '../../src/main/follow-ups.ts';
import { SILENT_OBSERVER } from '../../src/main/observer.ts';
import { AnalyticsFrameWriter } from '../../src/shared/analytics-frame.ts';
import { ENTITY_NAMES } from '../../src/shared/entity.ts';
import type { FollowUp, ReferenceFollowUp } from '../../src/shared/follow-up.ts';
import type { FollowUpResult, FollowUpTask } from '../../src/shared/worker-protocol.ts';

const REPEAT_AFTER_MS = 1000;
/** Later than any margin. */
const LATER_MS = 60_000;

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const renamed: ReferenceFollowUp = {
  kind: 'reference',
  entity: 'site',
  tool: 'tactical-rmm',
  id: '1',
  before: { name: 'Old' },
  after: { name: 'New' },
  again: false,
};
const arrived: ReferenceFollowUp = { ...renamed, id: '2', before: null };

interface Part {
  readonly task: FollowUpTask;
  readonly answer: (ids: readonly string[], done: boolean) => Promise<void>;
  readonly fail: () => Promise<void>;
}

/** Follow-ups whose workers are the test. */
function newTrial() {
  const parts: Part[] = [];
  const produced: string[] = [];
  const failures: unknown[] = [];
  const settle = async () => {
    await vi.advanceTimersByTimeAsync(0);
  };
  const followUps = new FollowUps({
    run: (task) =>
      new Promise((resolve, reject) => {
        parts.push({
          task,
          answer: async (ids, done) => {
            resolve(resultOf(ids, done));
            await settle();
          },
          fail: async () => {
            reject(new Error('the worker ended'));
            await settle();
          },
        });
      }),
    changed: (rows: CollectedRows) => {
      for (const { key } of rows.outgoing()) produced.push(String(key));
    },
    repeatAfterMs: REPEAT_AFTER_MS,
    observer: SILENT_OBSERVER,
    log: () => undefined,
    failed: (error) => failures.push(error),
  });
  const part = (index: number): Part => {
    const found = parts[index];
    if (found === undefined) throw new Error(`no part ${index}`);
    return found;
  };
  const begun: string[] = [];
  const batch = (given: readonly FollowUp[], name = 'batch') =>
    followUps.before(3, given, () => begun.push(name));
  return { followUps, batch, begun, parts, part, produced, failures };
}

function resultOf(ids: readonly string[], done: boolean): FollowUpResult {
  const analytics = new AnalyticsFrameWriter(new SharedArrayBuffer(4096));
  for (const id of ids) analytics.append(0, ENTITY_NAMES.indexOf('device'), id, '{}');
  return { repeat: [], analytics: analytics.finish(), counters: {}, done };
}

describe('a batch', () => {
  test('with nothing to follow goes on at once', () => {
    const { batch, begun, parts } = newTrial();
    batch([]);
    expect([begun, parts]).toEqual([['batch'], []]);
  });

  test('goes on only after everything that follows it, part after part on its own worker', async () => {
    const { batch, begun, parts, part, produced } = newTrial();
    batch([renamed, arrived]);
    expect(part(0).task).toMatchObject({ worker: 3, followUps: [renamed, arrived] });
    await part(0).answer(['a', 'b'], false);
    expect([begun, produced, parts.length]).toEqual([[], ['a', 'b'], 2]);
    expect(part(1).task.id).toBe(part(0).task.id);
    await part(1).answer(['c'], true);
    expect([begun, produced, parts.length]).toEqual([['batch'], ['a', 'b', 'c'], 2]);
  });

  test('does not wait for what follows another', async () => {
    const { batch, begun, part } = newTrial();
    batch([renamed], 'first');
    batch([arrived], 'second');
    expect(part(0).task.id).not.toBe(part(1).task.id);
    await part(1).answer([], true);
    expect(begun).toEqual(['second']);
    await part(0).answer([], true);
    expect(begun).toEqual(['second', 'first']);
  });

  test('whose worker breaks never goes on, and is told of', async () => {
    const { batch, begun, part, failures } = newTrial();
    batch([renamed]);
    await part(0).fail();
    expect([begun, failures]).toEqual([[], [new Error('the worker ended')]]);
  });
});

describe('what others may still work with', () => {
  test('is done once more when their caches have forgotten, and nobody waits for that', async () => {
    const { batch, begun, parts, part, produced } = newTrial();
    batch([renamed, arrived]);
    await part(0).answer([], true);
    await vi.advanceTimersByTimeAsync(REPEAT_AFTER_MS);
    expect([begun, parts.length]).toEqual([['batch'], 1]);
    await vi.advanceTimersByTimeAsync(LATER_MS);
    expect(part(1).task.followUps).toEqual([renamed]);
    await part(1).answer(['late'], true);
    await vi.advanceTimersByTimeAsync(LATER_MS);
    expect([produced, parts.length]).toEqual([['late'], 2]);
  });

  test('is left when the process ends before, and no work that it breaks off is a failure', async () => {
    const { followUps, batch, parts, part, failures } = newTrial();
    batch([renamed]);
    await part(0).answer([], true);
    batch([renamed]);
    followUps.close();
    await part(1).fail();
    await vi.advanceTimersByTimeAsync(LATER_MS);
    expect([parts.length, failures]).toEqual([2, []]);
  });
});
