import type { types } from 'cassandra-driver';
import { assert, must } from '../../shared/assert.ts';
import { versionColumn } from '../../shared/entity.ts';
import { DestinationError } from '../../shared/errors.ts';
import type { Mutation, WriteOutcome } from '../../shared/mutation.ts';
import { cutBatches } from './batches.ts';
import type { Statement, Statements } from './cassandra-statements.ts';
import type { KnownRows } from './known-rows.ts';
import type { KnownVersions } from './known-versions.ts';
import { applyMutation, endsRow, outcomeOf } from './row.ts';
import { isInState } from './row-state.ts';
import type { Row } from './store.ts';

/** A batch is refused again only if other processes change the same rows in between; this many times in a row is an overload. */
const ROUNDS_MAX = 12;
const RACE_PAUSE_MS = 20;

/** `created`: written, and the facet had no version before. */
export type LwtOutcome = WriteOutcome | 'created';

/** Sends statements of one partition as one conditional batch. */
export type SendBatch = (statements: readonly Statement[]) => Promise<types.ResultSet>;

/** A mutation on its way, with what its row's last refusal said of the carry column. */
interface Pending {
  readonly mutation: Mutation;
  /** Its place in the caller's list. */
  readonly index: number;
  carry: string | null;
  /** Whether the condition of its last statement was that its facet has no version. */
  isFirst: boolean;
  /** The row whose state the last statement asked for. */
  row: Row | undefined;
}

/**
 * The lightweight-transaction protocol for mutations of one partition. All conditions of a batch have to hold or nothing is written;
 * the refusal lists every row that exists with the columns of the conditions. So each round either writes all that is left or
 * teaches which of it is stale, and which condition the rest needs. A row that is known whole is asked for its state instead of its
 * version alone, and is known afterwards (known-rows.ts).
 */
export class LwtWriter {
  readonly #statements: Statements;
  readonly #known: KnownVersions;
  readonly #rows: KnownRows;

  constructor(statements: Statements, known: KnownVersions, rows: KnownRows) {
    this.#statements = statements;
    this.#known = known;
    this.#rows = rows;
  }

  /** Takes note of a row that was read. */
  saw(row: Row): void {
    const { entity, tool, id, versions } = row;
    for (const facet in versions) {
      const [known, version] = [this.#known.get(entity, tool, id, facet) ?? '', versions[facet] ?? ''];
      if (version > known) this.#known.learn(entity, tool, id, facet, version);
    }
    this.#rows.learn(row);
  }

  async write(mutations: readonly Mutation[], bucket: number, send: SendBatch): Promise<LwtOutcome[]> {
    const outcomes: (LwtOutcome | undefined)[] = new Array(mutations.length);
    const unsent = { carry: null, isFirst: false, row: undefined };
    const all = mutations.map((mutation, index) => ({ mutation, index, ...unsent }));
    const open = this.#undecided(all, outcomes);
    for (const batch of cutBatches(open)) await this.#writeBatch(batch, bucket, send, outcomes);
    return outcomes.map((outcome, index) => must(outcome, `outcome of mutation ${index}`));
  }

  async #writeBatch(
    batch: readonly Pending[],
    bucket: number,
    send: SendBatch,
    outcomes: (LwtOutcome | undefined)[],
  ): Promise<void> {
    let open = batch;
    for (let round = 0; open.length > 0; round += 1) {
      if (round === ROUNDS_MAX) {
        throw new DestinationError(
          'transient',
          `a conditional batch was refused ${ROUNDS_MAX} times in a row`,
        );
      }
      // The first two refusals are what an empty cache costs: versions, then a row that waits for a key move.
      if (round > 2) await pause(Math.random() * RACE_PAUSE_MS * round);
      const result = await send(open.map((one) => this.#statement(one, bucket)));
      if (result.wasApplied()) {
        this.#applied(open, outcomes);
        return;
      }
      this.#refused(open, result.rows);
      open = this.#undecided(open, outcomes);
    }
  }

  /** Decides what known versions decide, and answers the rest. */
  #undecided(pending: readonly Pending[], outcomes: (LwtOutcome | undefined)[]): readonly Pending[] {
    return pending.filter(({ mutation, index }) => {
      const outcome = outcomeOf(this.#knownVersion(mutation), mutation.version);
      if (outcome === 'written') return true;
      outcomes[index] = outcome;
      return false;
    });
  }

  #knownVersion({ entity, tool, id, facet }: Mutation): string | null | undefined {
    return this.#known.get(entity, tool, id, facet);
  }

  #learn({ entity, tool, id, facet }: Mutation, version: string | null): void {
    this.#known.learn(entity, tool, id, facet, version);
  }

  #statement(pending: Pending, bucket: number): Statement {
    const { mutation, carry } = pending;
    // Nothing known: taken for a new row. If it is not, the refusal tells.
    const version = this.#knownVersion(mutation) ?? null;
    pending.isFirst = version === null;
    pending.row = version === null ? undefined : this.#rowBefore(mutation, version);
    return this.#statements.conditional(mutation, bucket, { version, carry, row: pending.row });
  }

  /** The row as it is known to be, if the mutation leaves a row that can be told from it. */
  #rowBefore(mutation: Mutation, version: string): Row | undefined {
    if (mutation.carry !== undefined || endsRow(mutation)) return undefined;
    const row = this.#rows.get(mutation);
    return row?.versions[mutation.facet] === version ? row : undefined;
  }

  #applied(open: readonly Pending[], outcomes: (LwtOutcome | undefined)[]): void {
    for (const { mutation, index, isFirst } of open) {
      this.#learn(mutation, mutation.version);
      outcomes[index] = isFirst ? 'created' : 'written';
    }
    this.#learnRows(open);
  }

  /** What applied mutations made of rows; two facets of one row may be among them. */
  #learnRows(open: readonly Pending[]): void {
    const after = new Map<string, Row | undefined>();
    for (const { mutation, row } of open) {
      const before = after.has(mutation.id) ? after.get(mutation.id) : row;
      const isKnown = row !== undefined && before !== undefined;
      after.set(mutation.id, isKnown ? applyMutation(before, mutation).row : undefined);
    }
    for (const { mutation } of open) {
      const row = after.get(mutation.id);
      if (row === undefined) this.#rows.forget(mutation);
      else this.#rows.learn(row);
    }
  }

  #refused(open: readonly Pending[], rows: readonly types.Row[]): void {
    const byId = new Map<string, types.Row>();
    for (const row of rows) {
      const id: unknown = row.id;
      // Where no row of the batch exists, the answer is one line without any row in it.
      if (typeof id === 'string') byId.set(id, row);
    }
    for (const one of open) {
      const row = byId.get(one.mutation.id);
      const version: unknown = row?.[versionColumn(one.mutation.facet)];
      assert(
        version === undefined || version === null || typeof version === 'string',
        'type of a version column',
      );
      this.#learn(one.mutation, version ?? null);
      const carry: unknown = row?.carry;
      one.carry = typeof carry === 'string' ? carry : null;
      if (one.row !== undefined && !isInState(one.row, (column) => row?.[column]))
        this.#rows.forget(one.mutation);
    }
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
