import { type Columns, columnType, type EntityName, MAIN_FACET } from '../../src/shared/entity.ts';
import type { Change, Mutation, OwnedRows } from '../../src/shared/mutation.ts';
import type { ComparedRow } from './differences.ts';

/** Rows as mutations make them, as simply as can be: the newest version of every facet wins. */

interface FoldedRow {
  readonly entity: EntityName;
  readonly key: string;
  readonly versions: Map<string, string>;
  readonly columns: Columns;
  deleted: boolean;
}

export class Fold {
  readonly #rows = new Map<string, FoldedRow>();
  /** Newest truncate of an entity's source table, by entity and tool. */
  readonly #truncated = new Map<string, string>();

  apply({ mutation, owned }: Change): void {
    this.#write(mutation);
    if (owned !== undefined) this.#own(mutation, owned);
  }

  /** Rows of the entity and tool with an older version are gone, those that come later included. */
  truncate(entity: EntityName, tool: string, version: string): void {
    const known = this.#truncated.get(`${entity} ${tool}`);
    if (known === undefined || known < version) this.#truncated.set(`${entity} ${tool}`, version);
  }

  /** Rows that have a main facet and are not deleted, as `export` prints them, by `<tool>:<id>`. */
  live(entity: EntityName): Map<string, ComparedRow> {
    const rows = [...this.#rows.values()].filter((row) => row.entity === entity && this.#isLive(row));
    return new Map(rows.map((row) => [row.key, printed(row)]));
  }

  #isLive(row: FoldedRow): boolean {
    const version = row.versions.get(MAIN_FACET);
    if (version === undefined || row.deleted) return false;
    return version >= (this.#truncated.get(`${row.entity} ${toolOf(row)}`) ?? '');
  }

  #write(mutation: Mutation): void {
    const row = this.#row(mutation.entity, `${mutation.tool}:${mutation.id}`);
    const known = row.versions.get(mutation.facet);
    if (known !== undefined && known >= mutation.version) return;
    row.versions.set(mutation.facet, mutation.version);
    if (mutation.facet === MAIN_FACET) row.deleted = mutation.deleted;
    Object.assign(row.columns, mutation.columns);
    if (mutation.carry === undefined) return;
    const from = this.#row(mutation.entity, `${mutation.tool}:${mutation.carry.fromId}`);
    for (const column of mutation.carry.columns) row.columns[column] = from.columns[column] ?? null;
  }

  /** The owner has these rows and no others. */
  #own(owner: Mutation, { entity, column, value, rows }: OwnedRows): void {
    const there = new Set(rows.map((row) => `${row.tool}:${row.id}`));
    for (const row of this.#rows.values()) {
      const isOther = row.entity === entity && toolOf(row) === owner.tool && !there.has(row.key);
      const version = row.versions.get(MAIN_FACET) ?? '';
      if (!isOther || row.columns[column] !== value || version >= owner.version) continue;
      row.versions.set(MAIN_FACET, owner.version);
      row.deleted = true;
    }
    for (const row of rows) this.#write(row);
  }

  #row(entity: EntityName, key: string): FoldedRow {
    const found = this.#rows.get(`${entity} ${key}`);
    if (found !== undefined) return found;
    const row: FoldedRow = { entity, key, versions: new Map(), columns: {}, deleted: false };
    this.#rows.set(`${entity} ${key}`, row);
    return row;
  }
}

function toolOf(row: FoldedRow): string {
  return row.key.slice(0, row.key.indexOf(':'));
}

function printed(row: FoldedRow): ComparedRow {
  const set = Object.entries(row.columns).filter(([, value]) => value !== null && value !== undefined);
  return Object.fromEntries(
    set.map(([name, value]) => {
      const isTime = columnType(row.entity, name) === 'timestamp' && typeof value === 'number';
      return [name, isTime ? new Date(value).toISOString() : value];
    }),
  );
}
