import type { Columns, ColumnValue } from '../shared/entity.ts';
import { compiled } from './compiled.ts';

/** A column's value; undefined for one that is to be absent. */
export type Cell = ColumnValue | null | undefined;
type Build = (cells: readonly Cell[]) => Columns;

/** Sets of present columns that are remembered for a mapping; there are few, as a source leaves the same columns out again and again. */
const SHAPES_MAX = 32;
const COLUMN_NAME = /^[a-z][a-z0-9_]*$/;

/**
 * Makes the columns of one mapping's rows from their values. V8 turns an object that gets more than some twenty computed names into a
 * hash table, which costs several times as much to fill, to read and to go through. So the object is written as a literal, once for each
 * set of columns that is present, and compiled (docs/decisions/0009-compiled-columns.md).
 */
export class ColumnsBuilder {
  readonly #names: readonly string[];
  readonly #builds = new Map<string, Build>();
  /** Which columns were present the last time, and what makes such an object. */
  readonly #present: boolean[];
  #last: Build | undefined;

  /** Throws for a name that is no column's. */
  constructor(names: readonly string[]) {
    for (const name of names) if (!COLUMN_NAME.test(name)) throw new Error(`${name} is no name of a column`);
    this.#names = names;
    this.#present = names.map(() => false);
  }

  /** The columns, without those whose cell is undefined. `cells` in the order of the names; it may be used again. */
  build(cells: readonly Cell[]): Columns {
    let same = true;
    const present = this.#present;
    for (let index = 0; index < present.length; index += 1) {
      const isPresent = cells[index] !== undefined;
      if (isPresent === present[index]) continue;
      present[index] = isPresent;
      same = false;
    }
    if (!same || this.#last === undefined) this.#last = this.#find();
    return this.#last(cells);
  }

  #find(): Build {
    const shape = this.#present.map((isPresent) => (isPresent ? '1' : '0')).join('');
    const known = this.#builds.get(shape);
    if (known !== undefined) return known;
    if (this.#builds.size === SHAPES_MAX) return (cells) => this.#oneByOne(cells);
    const build = this.#compiled();
    this.#builds.set(shape, build);
    return build;
  }

  #compiled(): Build {
    const members = this.#names.flatMap((name, index) =>
      this.#present[index] === true ? [`${name}:cells[${index}]`] : [],
    );
    const build = compiled<Build>(['cells'], `return {${members.join(',')}}`);
    return build ?? ((cells) => this.#oneByOne(cells));
  }

  #oneByOne(cells: readonly Cell[]): Columns {
    const columns: Columns = {};
    for (const [index, name] of this.#names.entries()) {
      const cell = cells[index];
      if (cell !== undefined) columns[name] = cell;
    }
    return columns;
  }
}
