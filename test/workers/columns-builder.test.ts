import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { type Cell, ColumnsBuilder } from '../../src/workers/columns-builder.ts';

const NAMES = ['hostname', 'site_id', 'last_seen'];

test('columns hold what has a value or null, in the order of the names, and nothing of what is undefined', () => {
  const builder = new ColumnsBuilder(NAMES);
  expect(builder.build(['a', null, 5])).toStrictEqual({ hostname: 'a', site_id: null, last_seen: 5 });
  expect(builder.build(['b', undefined, 6])).toStrictEqual({ hostname: 'b', last_seen: 6 });
  expect(builder.build([undefined, undefined, undefined])).toStrictEqual({});
  expect(Object.keys(builder.build(['a', '1', 7]))).toEqual(NAMES);
});

test('rows do not share their columns, though their cells are used again', () => {
  const builder = new ColumnsBuilder(NAMES);
  const cells: Cell[] = ['a', '1', 5];
  const first = builder.build(cells);
  first.site_name = 'Main';
  cells[0] = 'b';
  const second = builder.build(cells);
  expect([first, second]).toStrictEqual([
    { hostname: 'a', site_id: '1', last_seen: 5, site_name: 'Main' },
    { hostname: 'b', site_id: '1', last_seen: 5 },
  ]);
});

test('every one of very many sets of present columns is made, those that are not remembered included', () => {
  const names = Array.from({ length: 7 }, (_, index) => `column_${index}`);
  const builder = new ColumnsBuilder(names);
  for (let round = 0; round < 2; round += 1)
    for (let present = 0; present < 128; present += 1) {
      const cells = names.map((_, index) => ((present >> index) & 1 ? index : undefined));
      const expected = Object.fromEntries(
        names.flatMap((name, index) => (cells[index] === undefined ? [] : [[name, index]])),
      );
      expect(builder.build(cells)).toStrictEqual(expected);
    }
});

test('a name that could be more than a name is refused', () => {
  expect(() => new ColumnsBuilder(['hostname', 'a:1},process.exit({b'])).toThrow('is no name of a column');
  expect(() => new ColumnsBuilder(['__proto__'])).toThrow('is no name of a column');
});

test('columns are the same where no text may be compiled', () => {
  const run = spawnSync(
    process.execPath,
    [
      '--disallow-code-generation-from-strings',
      '--import',
      'tsx',
      '--input-type=module',
      '--eval',
      `import { ColumnsBuilder } from './src/workers/columns-builder.ts';
       const builder = new ColumnsBuilder(${JSON.stringify(NAMES)});
       let forbidden = false;
       try { new Function('return 1'); } catch { forbidden = true; }
       console.log(JSON.stringify([forbidden, builder.build(['a', undefined, 5])]));`,
    ],
    { encoding: 'utf8' },
  );
  expect(JSON.parse(run.stdout)).toEqual([true, { hostname: 'a', last_seen: 5 }]);
});
