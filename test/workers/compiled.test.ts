import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { FACES } from '../../src/shared/reference-table.ts';
import { compiled } from '../../src/workers/compiled.ts';
import { looksAsBefore, type Reference } from '../../src/workers/reference.ts';
import { mutationOf } from './fake-store.ts';

const BEFORE: Reference = {
  ...{ id: '1', version: 'v', deleted: false },
  face: Object.fromEntries(FACES.device.map((column) => [column, `${column} before`])),
};

test('a change looks as before until one of the columns that others see has another value', () => {
  const looks = (columns: Record<string, string | null>): boolean =>
    looksAsBefore(mutationOf('1', 1, columns), 'device', BEFORE);
  expect([looks({}), looks({ ...BEFORE.face } as never), looks({ cpu: 'other' })]).toEqual([
    true,
    true,
    true,
  ]);
  for (const column of FACES.device)
    expect([looks({ [column]: 'other' }), looks({ [column]: null })], column).toEqual([false, false]);
});

test('it does so, too, where no text may be compiled', () => {
  const run = spawnSync(
    process.execPath,
    [
      ...['--disallow-code-generation-from-strings', '--import', 'tsx', '--input-type=module', '--eval'],
      `import { compiled } from './src/workers/compiled.ts';
       import { looksAsBefore } from './src/workers/reference.ts';
       const before = { id: '1', version: 'v', deleted: false, face: { hostname: 'h' } };
       const looks = (hostname) => looksAsBefore({ deleted: false, columns: { hostname } }, 'device', before);
       console.log(JSON.stringify([compiled([], '') === undefined, looks('h'), looks(undefined), looks('i')]));`,
    ],
    { encoding: 'utf8' },
  );
  expect(JSON.parse(run.stdout)).toEqual([true, true, true, false]);
});

test('a body that is no code is a defect, and not a slower way', () => {
  expect(() => compiled([], 'return {')).toThrow(SyntaxError);
});
