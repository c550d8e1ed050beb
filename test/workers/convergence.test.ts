import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { randomOf, takeTime } from './convergence/chance.ts';
import type { SettledRows } from './convergence/settled-rows.ts';
import { Simulation } from './convergence/simulation.ts';
import { type World, worlds } from './convergence/world.ts';

/** The same worlds every time, unless more are asked for: those are new ones. */
const asked = process.env.OPENFRAME_CONVERGENCE_RUNS;
const RUNS = asked === undefined ? { numRuns: 60, seed: 4 } : { numRuns: Number(asked) };

beforeEach(takeTime);
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

/** Every row, link and analytics record ends as the rows' own columns say. */
async function expectSettled(world: World, processes: number): Promise<void> {
  vi.clearAllTimers();
  vi.spyOn(Math, 'random').mockImplementation(randomOf(world.seed + 1));
  const simulation = new Simulation(world.seed, processes);
  await simulation.run(world);
  expect(simulation.errors).toEqual([]);
  const { rows, analytics, expected } = simulation.ends();
  const dies = world.crashes.some((turns) => turns !== null);
  const kept = dies ? withoutLikely : (all: SettledRows) => all;
  expect(shown(kept(rows))).toEqual(shown(kept(expected)));
  expect(shown(told(kept(analytics), dies))).toEqual(shown(told(kept(expected), dies)));
}

/**
 * Rows without what hostnames are evidence for. When a process dies right after it has written that a device is called otherwise, nothing
 * tells what it was called before: two devices of which it was the only namesake stay unlinked until one of them changes.
 */
function withoutLikely(rows: SettledRows): SettledRows {
  const certain = new Map<string, Readonly<Record<string, unknown>>>();
  for (const [key, row] of rows) {
    const { evidence } = row;
    const left = Array.isArray(evidence) ? evidence.filter((kind) => kind !== 'hostname') : undefined;
    if (left === undefined) certain.set(key, row);
    else if (left.length > 0) certain.set(key, { ...row, evidence: left });
  }
  return certain;
}

/**
 * What analytics has to show. When a process dies right after it has taken a deleted device from an event that knew the device by its
 * key alone, nothing leads back from the device to the event: the store is right, and analytics shows the device until the event
 * changes again.
 */
function told(rows: SettledRows, dies: boolean): SettledRows {
  const hidden = dies
    ? /^(role|event_device)\||^event\|tactical-rmm\|logs_auditlog/
    : /^(role|event_device)\|/;
  return new Map([...rows].filter(([key]) => !hidden.test(key)));
}

const shown = (rows: ReadonlyMap<string, unknown>) => Object.fromEntries([...rows].sort());

describe('rows that refer to each other end complete, with links and analytics', () => {
  const cases: [string, number, { crashes: boolean; truncates: boolean }][] = [
    ['two workers of one process', 1, { crashes: false, truncates: false }],
    ['a process that dies', 1, { crashes: true, truncates: false }],
    ['tables that are truncated', 1, { crashes: false, truncates: true }],
    ['two processes', 2, { crashes: false, truncates: false }],
    ['two processes and truncated tables', 2, { crashes: false, truncates: true }],
  ];
  test.each(cases)('%s', async (_name, processes, options) => {
    await fc.assert(
      fc.asyncProperty(worlds(options), (world) => expectSettled(world, processes)),
      RUNS,
    );
  });
});
