import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import type { Change } from '../../src/shared/mutation.ts';
import type { Store } from '../../src/workers/stores/store.ts';
import { type ChangeTrial, changed, changeTrial, stores } from './rows.ts';

const opened = stores();
afterAll(() => opened.close());

const M = 'meshcentral';
const GROUP = 'ugrp//1';

/** A user group's document with its members; null: it is deleted. */
function group(version: number, members: readonly string[] | null): Change[] {
  const rows = (members ?? []).map(
    (member) =>
      changed('group_member', M, `${GROUP}:${member}`, version, {
        group_id: GROUP,
        member_id: member,
        member_kind: 'user',
      }).mutation,
  );
  const owned = { entity: 'group_member', column: 'group_id', value: GROUP, rows } as const;
  const columns = members === null ? null : { name: 'Admins' };
  const cleared = members === null ? { columns: { name: null } } : {};
  return [changed('group', M, GROUP, version, columns, { owned, ...cleared })];
}

describe.each(opened.kinds)('the members in a document of a store %s', (kind) => {
  let store: Store;
  let trial: ChangeTrial;
  beforeEach(async () => {
    store = await opened.open(kind);
    trial = changeTrial(store);
  });
  const members = async () => {
    const found: string[] = [];
    for await (const { deleted, columns } of store.scan('group_member'))
      if (!deleted) found.push(String(columns.member_id));
    return found.sort();
  };

  test('are rows, and one that a newer document lacks is gone', async () => {
    await trial.take(group(1, ['a', 'b']));
    expect(await members()).toEqual(['a', 'b']);
    const { analytics, outcomes } = await trial.take(group(2, ['b', 'c']));
    expect(await members()).toEqual(['b', 'c']);
    expect(outcomes).toEqual({ written: 1 });
    const gone = analytics.filter(({ row }) => row.deleted === true);
    expect(gone.map(({ key, row }) => [key, row.op])).toEqual([[`${M}:${GROUP}:a`, 'delete']]);
  });

  test('of documents in one batch are those of the last', async () => {
    await trial.take(group(1, ['a']), group(2, ['a', 'b']), group(3, ['c']));
    expect(await members()).toEqual(['c']);
  });

  test('of an older document that comes late change nothing', async () => {
    await trial.take(group(5, ['a']));
    const { outcomes } = await trial.take(group(2, ['b']));
    expect(outcomes).toEqual({ stale: 1 });
    expect(await members()).toEqual(['a']);
  });

  test('of the same document read again are the same', async () => {
    await trial.take(group(1, ['a', 'b']));
    await trial.take(group(2, ['b']));
    const { outcomes } = await changeTrial(store).take(group(2, ['b']));
    expect(outcomes).toEqual({ duplicate: 1 });
    expect(await members()).toEqual(['b']);
  });

  test('that are gone are told again when the process died before it said so', async () => {
    await trial.take(group(1, ['a', 'b']));
    await trial.batch(group(2, ['b']));
    const { analytics } = await changeTrial(store).take(group(2, ['b']));
    const gone = analytics.filter(({ row }) => row.deleted === true);
    expect(gone.map(({ key }) => key)).toEqual([`${M}:${GROUP}:a`]);
  });

  test('of a deleted group are gone with its document', async () => {
    await trial.take(group(1, ['a', 'b']));
    await trial.take(group(2, null));
    expect(await members()).toEqual([]);
  });
});
