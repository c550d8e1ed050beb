import { type Columns, MAIN_FACET } from '../shared/entity.ts';
import type { TruncationFollowUp } from '../shared/follow-up.ts';
import type { Mutation } from '../shared/mutation.ts';
import { filledColumns } from '../shared/reference-table.ts';
import type { ReferenceEpochs } from '../shared/shared-board.ts';
import type { Patiently } from './look-up.ts';
import type { Row, Store, Truncation } from './stores/store.ts';

/** What the shared word of truncates is called. */
const WORD = 'truncations';
/** How long another process's truncate may be unknown here. Rows that slip through are marked when it sweeps once more. */
const REFRESH_MS = 10_000;
const WRITES_AT_ONCE = 16;

/**
 * Truncated tables: rows of an older version are gone, and those that come later are kept out (contract, section 3). A truncate
 * stands on any partition, so it is ordered by its version alone, and every worker has to know of it.
 */
export class Truncations {
  readonly #store: Store;
  readonly #words: ReferenceEpochs;
  readonly #patiently: Patiently;
  readonly #now: () => number;
  #versions: ReadonlyMap<string, Truncation> = new Map();
  #word = -1;
  #readAt = Number.NEGATIVE_INFINITY;

  constructor(store: Store, words: ReferenceEpochs, patiently: Patiently, now: () => number) {
    this.#store = store;
    this.#words = words;
    this.#patiently = patiently;
    this.#now = now;
  }

  /** Reads again what another worker or process may have added. */
  async refresh(): Promise<void> {
    const word = this.#words.current(WORD);
    if (word === this.#word && this.#now() - this.#readAt < REFRESH_MS) return;
    const read = await this.#patiently(() => this.#store.truncations());
    this.#versions = new Map(read.map((truncation) => [nameOf(truncation), truncation]));
    this.#word = word;
    this.#readAt = this.#now();
  }

  /** Remembers a truncate before anything is marked: from here on no older row gets in. Answers whether it was known before. */
  async add({ entity, tool, facet, version }: Truncation): Promise<boolean> {
    const known = this.#versions.get(nameOf({ entity, tool, facet }));
    await this.#patiently(() => this.#store.keepTruncation({ entity, tool, facet, version }));
    this.#words.advance(WORD);
    await this.refresh();
    return known !== undefined && known.version >= version;
  }

  /** The truncate that a change is older than. */
  over(mutation: Mutation): Truncation | undefined {
    if (this.#versions.size === 0) return undefined;
    const truncation = this.#versions.get(nameOf(mutation));
    return truncation !== undefined && mutation.version < truncation.version ? truncation : undefined;
  }
}

function nameOf({ entity, tool, facet }: Omit<Truncation, 'version'>): string {
  return `${entity}|${tool}|${facet}`;
}

/** Marks the rows of a truncated table. */
export class TruncationSweep {
  readonly #store: Store;
  readonly #patiently: Patiently;

  constructor(store: Store, patiently: Patiently) {
    this.#store = store;
    this.#patiently = patiently;
  }

  /**
   * Answers the rows that are gone, those marked by an earlier sweep of the same truncate included: nobody may have been told. And those
   * that something newer has changed right after the mark, another truncate say: nobody else knows what they were called before it.
   */
  async *run(followUp: TruncationFollowUp): AsyncGenerator<TruncatedRow> {
    let page: Row[] = [];
    for await (const row of this.#store.scan(followUp.entity)) {
      if (row.tool !== followUp.tool) continue;
      if (isMarked(row, followUp)) yield { before: row, row };
      else if (isOlder(row, followUp)) page.push(row);
      if (page.length < WRITES_AT_ONCE) continue;
      yield* await this.#mark(page, followUp);
      page = [];
    }
    yield* await this.#mark(page, followUp);
  }

  async #mark(rows: readonly Row[], followUp: TruncationFollowUp): Promise<TruncatedRow[]> {
    const [first] = rows;
    if (first === undefined) return [];
    await Promise.all(
      rows.map(async (row) => {
        const { entity, tool, id, columns } = row;
        const listed = columns.organisation_id;
        if (entity === 'device' && typeof listed === 'string')
          await this.#patiently(() => this.#store.unlistDevice(tool, listed, id));
        await this.#patiently(() => this.#store.write([truncatedRow(row, followUp)]));
      }),
    );
    const ids = rows.map(({ id }) => id);
    const read = await this.#patiently(() => this.#store.read(first.entity, first.tool, ids));
    return rows.flatMap((before) => {
      const row = read.get(before.id);
      return row === undefined ? [] : [{ before, row }];
    });
  }
}

/** A row before and after its mark; the same twice for one that was marked before. */
export interface TruncatedRow {
  readonly before: Row;
  readonly row: Row;
}

/** Whether this truncate was the last to change a row. */
export function isMarked(row: Row, { facet, version }: TruncationFollowUp): boolean {
  return row.versions[facet] === version;
}

function isOlder(row: Row, { facet, version }: TruncationFollowUp): boolean {
  const known = row.versions[facet];
  return known !== undefined && known < version;
}

/** The change that a truncate makes of one row. */
function truncatedRow(row: Pick<Row, 'entity' | 'tool' | 'id'>, followUp: TruncationFollowUp): Mutation {
  const { facet, version, sourceTs } = followUp;
  const columns: Columns = {};
  for (const column of followUp.columns) columns[column] = null;
  const { entity, tool, id } = row;
  if (facet === MAIN_FACET) for (const column of filledColumns(entity, tool)) columns[column] = null;
  return { entity, tool, id, facet, version, sourceTs, deleted: true, columns };
}
