import { expect, it } from 'vitest';
import type { Stores } from './conformance.ts';
import { deletion, device, facet, freshId, move, readOne, version } from './samples.ts';

/** The insert half of a move of `from` to `id`: cpu and memory have to come from the old row. */
function insertHalf(id: string, from: string, n: number) {
  return device(
    id,
    n,
    { hostname: 'moved' },
    { carry: { fromId: from, columns: ['memory_bytes', 'cpu', 'tags'] } },
  );
}
const KEPT = {
  cpu: 'old cpu',
  memory_bytes: 2n ** 62n,
  tags: ['a', 'b'],
  hostname: 'old',
  disk_total_gb: '1.50',
};

/** Key moves: both orders of the halves, repetitions, and what may come between. */
export function keyMoveConformance({ open, store }: Stores): void {
  interruptedMoves({ open, store });
  chainedMoves({ open, store });
  it('carries columns over when the delete half comes first', async () => {
    const [from, to] = [freshId(), freshId()];
    expect(await store().keepMoved(move(from, 5), { columns: KEPT })).toEqual([]);
    await store().write([{ ...deletion(from, 5), movedTo: to }]);
    await store().write([insertHalf(to, from, 5)]);
    const kept = await store().takeMoved(move(from, 5), to);
    expect(kept).toEqual({ columns: KEPT });
    await store().fillCarried(to, move(from, 5), kept?.columns ?? {});
    expect((await readOne(store(), to))?.columns).toEqual({
      hostname: 'moved',
      cpu: 'old cpu',
      memory_bytes: 2n ** 62n,
      tags: ['a', 'b'],
    });
  });

  it('carries columns over when the insert half comes first, in another process', async () => {
    const [from, to] = [freshId(), freshId()];
    const other = await open();
    try {
      await store().write([insertHalf(to, from, 5)]);
      expect(await store().takeMoved(move(from, 5), to)).toBeUndefined();
      expect(await other.keepMoved(move(from, 5), { columns: KEPT })).toEqual([to]);
      await other.fillCarried(to, move(from, 5), KEPT);
      expect((await readOne(store(), to))?.columns).toMatchObject({ hostname: 'moved', cpu: 'old cpu' });
    } finally {
      await other.close();
    }
  });

  it('keeps what was kept first when a half is handled again', async () => {
    const [from, to] = [freshId(), freshId()];
    expect(await store().takeMoved(move(from, 5), to)).toBeUndefined();
    expect(await store().takeMoved(move(from, 5), to)).toBeUndefined();
    expect(await store().keepMoved(move(from, 5), { columns: KEPT })).toEqual([to]);
    expect(await store().keepMoved(move(from, 5), { columns: {} })).toEqual([to]);
    expect(await store().takeMoved(move(from, 5), to)).toEqual({ columns: KEPT });
  });

  it('keeps moves of different versions apart', async () => {
    const [from, to] = [freshId(), freshId()];
    await store().keepMoved(move(from, 5), { columns: { cpu: 'five' } });
    expect(await store().takeMoved(move(from, 6), to)).toBeUndefined();
    await store().write([insertHalf(to, from, 6)]);
    await store().fillCarried(to, move(from, 5), { cpu: 'five' });
    expect((await readOne(store(), to))?.columns).toEqual({ hostname: 'moved' });
  });

  it('meets both halves whatever their timing', async () => {
    const moves = Array.from({ length: 10 }, () => [freshId(), freshId()] as const);
    await Promise.all(
      moves.map(async ([from, to]) => {
        const [waiting, kept] = await Promise.all([
          store().keepMoved(move(from, 1), { columns: KEPT }),
          store().takeMoved(move(from, 1), to),
        ]);
        expect(waiting.includes(to) || kept !== undefined).toBe(true);
      }),
    );
  });
}

/** Moves of a row that waits itself: keys that are swapped go by way of a third one. */
function chainedMoves({ store }: Stores): void {
  it('tells what a left row waited for itself, and lets a row go on waiting for that', async () => {
    const [first, between, last] = [freshId(), freshId(), freshId()];
    const owed = { fromId: first, version: version(1), columns: ['cpu'] };
    await store().write([insertHalf(last, between, 3)]);
    expect(await store().takeMoved(move(between, 3), last)).toBeUndefined();
    const kept = { columns: { memory_bytes: 7 }, owed };
    expect(await store().keepMoved(move(between, 3), kept)).toEqual([last]);
    expect(await store().takeMoved(move(between, 3), last)).toEqual(kept);
    await store().fillCarried(last, move(between, 3), { memory_bytes: 7, tags: null }, owed);
    expect(await readOne(store(), last)).toMatchObject({ carry: owed, columns: { memory_bytes: 7 } });
    await store().fillCarried(last, move(first, 1), { cpu: 'from the first' });
    const row = await readOne(store(), last);
    expect(row?.carry).toBeUndefined();
    expect(row?.columns).toEqual({ hostname: 'moved', memory_bytes: 7, cpu: 'from the first' });
  });

  it('remembers every row that waits', async () => {
    const [from, one, two] = [freshId(), freshId(), freshId()];
    expect(await store().takeMoved(move(from, 5), one)).toBeUndefined();
    expect(await store().takeMoved(move(from, 5), two)).toBeUndefined();
    expect([...(await store().keepMoved(move(from, 5), { columns: KEPT }))].sort()).toEqual(
      [one, two].sort(),
    );
  });
}

/** What may come between a row's waiting and its filling. */
function interruptedMoves({ open, store }: Stores): void {
  it('does not fill what a later update has set, to null too, but fills the rest', async () => {
    const [from, to] = [freshId(), freshId()];
    await store().write([insertHalf(to, from, 5)]);
    await store().write([device(to, 6, { cpu: 'new cpu' })]);
    await store().write([device(to, 7, { memory_bytes: null })]);
    await store().write([facet(to, 'host_seen_times', 1, { last_seen: 3 })]);
    await store().fillCarried(to, move(from, 5), KEPT);
    expect(await readOne(store(), to)).toMatchObject({ versions: { main: version(7) } });
    expect((await readOne(store(), to))?.columns).toEqual({
      hostname: 'moved',
      cpu: 'new cpu',
      tags: ['a', 'b'],
      last_seen: 3,
    });
  });

  it('updates a waiting row from a process that does not know that it waits', async () => {
    const [from, to] = [freshId(), freshId()];
    await store().write([insertHalf(to, from, 5)]);
    const cold = await open();
    try {
      expect(await cold.write([device(to, 6, { cpu: 'new cpu' })])).toEqual(['written']);
      expect(await cold.write([device(to, 7, { hostname: 'seven' })])).toEqual(['written']);
      await cold.fillCarried(to, move(from, 5), KEPT);
    } finally {
      await cold.close();
    }
    expect((await readOne(store(), to))?.columns).toMatchObject({
      hostname: 'seven',
      cpu: 'new cpu',
      tags: ['a', 'b'],
    });
  });

  it('fills once: a repetition after a later update changes nothing', async () => {
    const [from, to] = [freshId(), freshId()];
    await store().write([insertHalf(to, from, 5)]);
    await store().fillCarried(to, move(from, 5), KEPT);
    await store().write([device(to, 6, { cpu: 'new cpu' })]);
    expect(await store().write([insertHalf(to, from, 5)])).toEqual(['stale']);
    await store().fillCarried(to, move(from, 5), KEPT);
    expect((await readOne(store(), to))?.columns).toMatchObject({ cpu: 'new cpu', memory_bytes: 2n ** 62n });
  });

  it('fills nothing into a row that was deleted meanwhile', async () => {
    const [from, to] = [freshId(), freshId()];
    await store().write([insertHalf(to, from, 5)]);
    await store().write([deletion(to, 6, ['hostname', 'cpu', 'memory_bytes', 'tags'])]);
    await store().fillCarried(to, move(from, 5), KEPT);
    expect(await readOne(store(), to)).toMatchObject({ deleted: true, columns: {} });
  });

  it('waits for the last move of several', async () => {
    const [first, second, to] = [freshId(), freshId(), freshId()];
    await store().write([insertHalf(to, first, 5)]);
    await store().write([insertHalf(to, second, 8)]);
    await store().fillCarried(to, move(first, 5), { cpu: 'first' });
    expect((await readOne(store(), to))?.columns).toEqual({ hostname: 'moved' });
    await store().fillCarried(to, move(second, 8), { cpu: 'second' });
    expect((await readOne(store(), to))?.columns).toEqual({ hostname: 'moved', cpu: 'second' });
  });
}
