import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { randomOf, Simulation, takeTime } from './convergence/simulation.ts';
import { type World, worlds } from './convergence/world.ts';

const RUNS = Number(process.env.OPENFRAME_CONVERGENCE_RUNS ?? 150);

beforeEach(takeTime);
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

/** Every row, link and analytics record ends as the rows' own columns say. */
async function expectSettled(world: World, processes: number): Promise<void> {
  vi.spyOn(Math, 'random').mockImplementation(randomOf(world.seed + 1));
  const simulation = new Simulation(world.seed, processes);
  await simulation.run(world);
  expect(simulation.errors).toEqual([]);
  const { rows, analytics, expected } = simulation.ends();
  expect(shown(rows)).toEqual(shown(expected));
  const told = [...expected].filter(([key]) => !/^(role|event_device)\|/.test(key));
  expect(shown(analytics)).toEqual(shown(new Map(told)));
}

const shown = (rows: ReadonlyMap<string, unknown>) => Object.fromEntries([...rows].sort());

describe('rows that refer to each other end complete, with links and analytics', () => {
  const cases: [string, number, { crashes: boolean; truncates: boolean }][] = [
    ['two workers of one process', 1, { crashes: false, truncates: false }],
    ['a process that dies', 1, { crashes: true, truncates: false }],
    ['tables that are truncated', 1, { crashes: false, truncates: true }],
    ['two processes', 2, { crashes: false, truncates: false }],
    ['two processes that die, and truncated tables', 2, { crashes: true, truncates: true }],
  ];
  test.each(cases)('%s', async (_name, processes, options) => {
    await fc.assert(
      fc.asyncProperty(worlds(options), (world) => expectSettled(world, processes)),
      { numRuns: RUNS },
    );
  });
});
