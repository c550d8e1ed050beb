import fc from 'fast-check';
import { expect, it } from 'vitest';
import { must } from '../../../src/shared/assert.ts';
import type { Columns } from '../../../src/shared/entity.ts';
import type { Mutation, WriteOutcome } from '../../../src/shared/mutation.ts';
import { applyCompletion, applyMutation } from '../../../src/workers/stores/row.ts';
import type { Row, Store } from '../../../src/workers/stores/store.ts';
import type { Stores } from './conformance.ts';
import { device, FACETS, freshIds, move, TOOL } from './samples.ts';

/** Columns that each facet owns: no two share one, as in the model. */
const OWNED: Readonly<Record<string, readonly string[]>> = {
  main: ['hostname', 'cpu', 'description'],
  host_seen_times: ['last_seen'],
  host_display_names: ['display_name'],
  host_disks: ['disk_total_gb', 'disk_encrypted'],
};
const value = fc.constantFrom('keep', 'null', 'a', 'b');
const VALUES: Readonly<Record<string, readonly [a: Columns[string], b: Columns[string]]>> = {
  last_seen: [1, 2],
  disk_total_gb: ['1.0', '2.00'],
  disk_encrypted: [true, false],
};

interface Step {
  readonly row: number;
  readonly facet: string;
  readonly n: number;
  readonly deleted: boolean;
  readonly carries: boolean;
  readonly picks: readonly string[];
}
const step: fc.Arbitrary<Step> = fc.record({
  row: fc.nat({ max: 4 }),
  facet: fc.constantFrom(...FACETS.filter((name) => name in OWNED), 'main', 'main', 'main'),
  n: fc.integer({ min: 1, max: 12 }),
  deleted: fc.integer({ min: 0, max: 4 }).map((one) => one === 0),
  carries: fc.integer({ min: 0, max: 4 }).map((one) => one === 0),
  picks: fc.array(value, { minLength: 3, maxLength: 3 }),
});

function columnsOf({ facet, deleted, picks }: Step): Columns {
  const columns: Columns = {};
  for (const [index, column] of (OWNED[facet] ?? []).entries()) {
    const pick = deleted ? 'null' : picks[index];
    const [a, b] = VALUES[column] ?? ['a', 'b'];
    if (pick === 'null') columns[column] = null;
    else if (pick !== 'keep') columns[column] = (pick === 'a' ? a : b) ?? null;
  }
  return columns;
}

/** One mutation per row, facet and version: the same version is always the same change. */
function mutationsOf(steps: readonly Step[], ids: readonly string[]): Mutation[] {
  const distinct = new Map<string, Mutation>();
  for (const one of steps) {
    const { row, facet, n, deleted, carries } = one;
    const carry =
      carries && facet === 'main' && !deleted ? { carry: { fromId: 'from', columns: ['cpu'] } } : {};
    const columns = columnsOf(one);
    if ('carry' in carry) delete columns.cpu;
    const mutation = device(ids[row] ?? '', n, columns, { facet, deleted, ...carry });
    const key = `${row} ${facet} ${n}`;
    if (!distinct.has(key)) distinct.set(key, mutation);
  }
  return [...distinct.values()];
}

/** Cuts a sequence into batches that hold no (row, facet) twice. */
function batchesOf(mutations: readonly Mutation[], size: number): Mutation[][] {
  const batches: Mutation[][] = [];
  let seen = new Set<string>();
  for (const mutation of mutations) {
    const key = `${mutation.id} ${mutation.facet}`;
    const last = batches.at(-1);
    if (last === undefined || seen.has(key) || last.length >= size) {
      batches.push([mutation]);
      seen = new Set([key]);
    } else {
      last.push(mutation);
      seen.add(key);
    }
  }
  return batches;
}

/**
 * With one instance outcomes are the same as well. Of two, one may call a change a duplicate that the other has overtaken since: it
 * remembers its own write and does not ask.
 */
async function sameAsFolding(
  stores: readonly Store[],
  order: readonly Mutation[],
  size: number,
): Promise<void> {
  const model = new Map<string, Row>();
  for (const [index, batch] of batchesOf(order, size).entries()) {
    const wanted = batch.map((mutation) => {
      const { outcome, row } = applyMutation(model.get(mutation.id), mutation);
      model.set(mutation.id, row);
      return outcome;
    });
    const store = must(stores[index % stores.length], 'store');
    const outcomes = await store.write(batch);
    const comparable = (one: string): string => (stores.length > 1 && one === 'duplicate' ? 'stale' : one);
    expect(outcomes.map(comparable)).toEqual(wanted.map(comparable));
    await readsWritten(store, batch, outcomes, model);
    if (index % 2 === 0) await completeAsFolding(store, model, batch[0]);
  }
  const rows = await stores[0]?.read('device', TOOL, [...model.keys()]);
  expect(rows).toEqual(model);
}

/** A row that was written is as folded; of one that was not, any state will do that has the change in it. */
async function readsWritten(
  store: Store,
  batch: readonly Mutation[],
  outcomes: readonly WriteOutcome[],
  model: ReadonlyMap<string, Row>,
): Promise<void> {
  const rows = await store.readWritten(batch);
  for (const [at, { id, facet, version }] of batch.entries()) {
    const row = must(rows.get(id), 'written row');
    if (outcomes[at] === 'written') expect(row).toEqual(model.get(id));
    else expect((row.versions[facet] ?? '') >= version).toBe(true);
  }
}

/** Completes the row as it is, and once more as it then was. */
async function completeAsFolding(
  store: Store,
  model: Map<string, Row>,
  mutation: Mutation | undefined,
): Promise<void> {
  const seen = model.get(mutation?.id ?? '');
  if (seen === undefined) return;
  const columns = {
    site_name: `site of ${mutation?.version}`,
    organisation_id: mutation?.deleted ? null : 'o',
  };
  for (let time = 0; time < 2; time += 1) {
    const completed = applyCompletion(model.get(seen.id), seen, columns);
    expect(await store.complete(seen, columns)).toBe(completed !== undefined);
    if (completed !== undefined) model.set(seen.id, completed);
  }
}

const steps = fc.array(step, { minLength: 1, maxLength: 40 });
const picks = fc.array(fc.nat(), { minLength: 1, maxLength: 80 });
const batchSize = fc.integer({ min: 1, max: 12 });

/** Any order with any repetitions. */
function sequenceOf(mutations: readonly Mutation[], order: readonly number[]): Mutation[] {
  return order.flatMap((pick) => mutations[pick % mutations.length] ?? []);
}

export function randomConformance({ open, store }: Stores): void {
  it('does with any sequence, repeated and out of order, what folding it in memory does', async () => {
    await fc.assert(
      fc.asyncProperty(steps, picks, batchSize, async (some, order, size) => {
        const sequence = sequenceOf(mutationsOf(some, freshIds(store(), 5)), order);
        await sameAsFolding([store()], sequence, size);
      }),
      { numRuns: 30, seed: 20261123 },
    );
  }, 120_000);

  it('does so, too, when two instances take turns', async () => {
    const other = await open();
    try {
      await fc.assert(
        fc.asyncProperty(steps, picks, batchSize, async (some, order, size) => {
          const sequence = sequenceOf(mutationsOf(some, freshIds(store(), 5)), order);
          await sameAsFolding([store(), other], sequence, size);
        }),
        { numRuns: 30, seed: 20261125 },
      );
    } finally {
      await other.close();
    }
  }, 120_000);

  it('ends in the same rows whatever the order, as long as no facet leaves columns unchanged', async () => {
    const full = fc.array(
      step.map((one) => ({ ...one, carries: false, picks: one.picks.map(notKept) })),
      {
        minLength: 5,
        maxLength: 40,
      },
    );
    await fc.assert(
      fc.asyncProperty(full, fc.nat(), async (steps, turn) => {
        const ids = freshIds(store(), 5);
        const others = freshIds(store(), 5);
        for (const batch of batchesOf(mutationsOf(steps, ids), 9)) await store().write(batch);
        const turned = mutationsOf(steps, others);
        const order = [
          ...turned.slice(turn % turned.length),
          ...turned.slice(0, turn % turned.length),
        ].reverse();
        for (const batch of batchesOf(order, 9)) await store().write(batch);
        const rows = await store().read('device', TOOL, [...ids, ...others]);
        for (const [index, id] of ids.entries()) {
          const other = rows.get(others[index] ?? '');
          expect(other === undefined ? undefined : { ...other, id }).toEqual(rows.get(id));
        }
      }),
      { numRuns: 25, seed: 20261124 },
    );
  }, 120_000);

  it('waits and fills as folding does', async () => {
    const [id = ''] = freshIds(store(), 1);
    const carry = { fromId: 'from', columns: ['cpu', 'hostname'] };
    await store().write([device(id, 1, {}, { carry })]);
    const rows = await store().read('device', TOOL, [id]);
    expect(rows.get(id)).toEqual(applyMutation(undefined, device(id, 1, {}, { carry })).row);
    await store().fillCarried(id, move('from', 1), {
      cpu: null,
      hostname: 'h',
      description: 'not asked for',
    });
    expect((await store().read('device', TOOL, [id])).get(id)?.columns).toEqual({ hostname: 'h' });
  });
}

const notKept = (pick: string): string => (pick === 'keep' ? 'a' : pick);
