import type { Columns, EntityName, Tool } from '../../shared/entity.ts';
import type { Mutation, WriteOutcome } from '../../shared/mutation.ts';

/** Columns whose values a key move still owes a row. */
export interface PendingCarry {
  readonly fromId: string;
  /** Version of the move. */
  readonly version: string;
  /** Sorted. */
  readonly columns: readonly string[];
}

/** What the old key's row held when it was left. It may itself have waited for an earlier move: a swap of keys is a chain of moves. */
export interface Kept {
  readonly columns: Columns;
  readonly owed?: PendingCarry;
}

/** A canonical row as it is kept, with one version per facet that has contributed. */
export interface Row {
  readonly entity: EntityName;
  readonly tool: Tool;
  readonly id: string;
  /** Whether the main facet's source row is gone. A row that only other facets have written has no `main` version. */
  readonly deleted: boolean;
  /** Facet to version. */
  readonly versions: Readonly<Record<string, string>>;
  /** Facet to the time of its newest applied change at the source, ms. */
  readonly sourceTs: Readonly<Record<string, number>>;
  /** Set columns only: nothing is null here. */
  readonly columns: Columns;
  /** Set while the row waits for a key move. */
  readonly carry?: PendingCarry;
  /** How often `complete` has changed the row; absent for never. Together with the versions it tells one state of a row from another. */
  readonly completions?: number;
}

/** A row by its key. */
export interface RowKey {
  readonly entity: EntityName;
  readonly tool: Tool;
  readonly id: string;
}

/** A table whose rows before a version are gone: the source truncated it. */
export interface Truncation {
  readonly entity: EntityName;
  readonly tool: Tool;
  readonly facet: string;
  readonly version: string;
}

/**
 * A changed primary key: its delete half names the new key, its insert half the old one, and columns stored out of line have their
 * values only in the old key's row. Both halves have the same version and may come in either order.
 */
export interface KeyMove {
  readonly entity: EntityName;
  readonly tool: Tool;
  readonly fromId: string;
  /** Version of the move: both halves have it. */
  readonly version: string;
}

/**
 * Canonical state behind a narrow interface: Cassandra and the embedded LMDB store pass the same conformance suite.
 * Every method fails with a DestinationError whose `kind` says what the failure is about.
 */
export interface Store {
  /** Stable bucket of an id, 0 ≤ bucket < the count fixed when the tables were made. */
  bucketOf(id: string): number;

  /**
   * Applies mutations of one entity, tool and bucket; at most one per (id, facet). A mutation is applied when its facet has no
   * version yet or an older one. Facets of one row are independent. Answers in the order of the mutations.
   */
  write(mutations: readonly Mutation[]): Promise<WriteOutcome[]>;

  /** The rows that exist, by id; facet-only rows and markers included. */
  read(entity: EntityName, tool: Tool, ids: readonly string[]): Promise<Map<string, Row>>;

  /**
   * The rows of written mutations of one entity and tool, by id, each in a state that it had with its mutation in it or later: from
   * memory where the store can know that, else read.
   */
  readWritten(mutations: readonly Mutation[]): Promise<Map<string, Row>>;

  /**
   * Keeps what the old key's row held before its delete half is written; what was kept first stays. Answers the ids of the rows
   * that wait for it.
   */
  keepMoved(move: KeyMove, kept: Kept): Promise<readonly string[]>;

  /** What `keepMoved` kept of this move; otherwise registers that `waitingId` waits for it and answers undefined. */
  takeMoved(move: KeyMove, waitingId: string): Promise<Kept | undefined>;

  /**
   * Fills columns of row `id` that still wait for this move: a write with `Mutation.carry` makes a row wait, a later upsert of its
   * main facet ends the waiting of the columns that it sets (to null, too), a delete ends it all. `next` is what the row waits for
   * afterwards: an earlier move, for the columns that the old row waited for itself.
   */
  fillCarried(id: string, move: KeyMove, columns: Columns, next?: PendingCarry): Promise<void>;

  /**
   * Rows of one tool, or of all (null), of which an indexed column has this value (Entity.indexes; of Entity.caseless whatever the
   * case), in no particular order. Rows come as they are when their page is read. Markers may be among them.
   */
  find(entity: EntityName, tool: Tool | null, column: string, value: string): AsyncIterable<Row>;

  /**
   * Sets columns that come from other rows (absent: unchanged, null: cleared), if the row is still as `seen`: same main version, same
   * `completions`, not deleted. Then `completions` grows by one, and versions stay. False, and nothing written, otherwise; the caller
   * reads again. In `timestamp` mode nothing is compared and the answer is always true.
   */
  complete(seen: Row, columns: Columns): Promise<boolean>;

  /** Remembers that rows wait for references that are not there yet, by the references' names. Entries end after 30 days. */
  addWaiting(waiting: readonly { readonly reference: string; readonly row: RowKey }[]): Promise<void>;

  /** The rows that wait for a reference. */
  waiting(reference: string): Promise<readonly RowKey[]>;

  /** Every row that waits, once for each reference. The reference's name may be a shorter one that stands for it. */
  everyWaiting(): AsyncIterable<{ readonly reference: string; readonly row: RowKey }>;

  /** Forgets that these rows wait. */
  removeWaiting(reference: string, rows: readonly RowKey[]): Promise<void>;

  /** Remembers a truncate; an older one of the same entity, tool and facet is replaced, a newer one stays. Kept for ever. */
  keepTruncation(truncation: Truncation): Promise<void>;

  /** The newest truncate of every table that ever had one. */
  truncations(): Promise<readonly Truncation[]>;

  /** Brings the list of devices by organisation up to date with a device's row. A store without such a list does nothing. */
  listDevice(device: RowKey): Promise<void>;

  /**
   * Takes a device off an organisation's list, before its row says that it is elsewhere: afterwards, and after a crash in between,
   * nobody would know where it was listed.
   */
  unlistDevice(tool: Tool, organisationId: string, id: string): Promise<void>;

  /** Every row of an entity, markers and facet-only rows included, in no particular order. */
  scan(entity: EntityName): AsyncIterable<Row>;

  /** A write that touches no entity: resolves when the destination takes writes. */
  probe(): Promise<void>;

  close(): Promise<void>;
}
