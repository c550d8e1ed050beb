import type { types } from 'cassandra-driver';
import { assert, must } from '../../shared/assert.ts';
import { versionColumn } from '../../shared/entity.ts';
import { DestinationError } from '../../shared/errors.ts';
import type { Mutation, WriteOutcome } from '../../shared/mutation.ts';
import { cutBatches } from './batches.ts';
import type { Statement, Statements } from './cassandra-statements.ts';
import type { KnownVersions } from './known-versions.ts';
import { outcomeOf } from './row.ts';

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
}

/**
 * The lightweight-transaction protocol for mutations of one partition. All conditions of a batch have to hold or nothing is written;
 * the refusal lists every row that exists with the columns of the conditions. So each round either writes all that is left or
 * teaches which of it is stale, and which condition the rest needs.
 */
export class LwtWriter {
  readonly #statements: Statements;
  readonly #known: KnownVersions;

  constructor(statements: Statements, known: KnownVersions) {
    this.#statements = statements;
    this.#known = known;
  }

  async write(mutations: readonly Mutation[], bucket: number, send: SendBatch): Promise<LwtOutcome[]> {
    const outcomes: (LwtOutcome | undefined)[] = new Array(mutations.length);
    const all = mutations.map((mutation, index) => ({ mutation, index, carry: null, isFirst: false }));
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
    return this.#statements.conditional(mutation, bucket, { version, carry });
  }

  #applied(open: readonly Pending[], outcomes: (LwtOutcome | undefined)[]): void {
    for (const { mutation, index, isFirst } of open) {
      this.#learn(mutation, mutation.version);
      outcomes[index] = isFirst ? 'created' : 'written';
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
    }
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
