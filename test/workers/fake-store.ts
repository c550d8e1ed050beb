import type { Columns, EntityName, Tool } from '../../src/shared/entity.ts';
import { MAIN_FACET } from '../../src/shared/entity.ts';
import type { Mutation, WriteOutcome } from '../../src/shared/mutation.ts';
import { applyCompletion, applyMutation, assertIndexed, soughtText } from '../../src/workers/stores/row.ts';
import type { Row, RowKey, Store, Truncation } from '../../src/workers/stores/store.ts';

/** A store whose answers are the test's: rows in memory, failures and delays by script. */
export class FakeStore implements Store {
  readonly rows = new Map<string, Row>();
  /** Rows by the reference that they wait for. */
  readonly waitingRows = new Map<string, Map<string, RowKey>>();
  readonly truncated = new Map<string, Truncation>();
  /** Every statement that was sent, failed ones included: the ids of its rows with their versions. */
  readonly statements: string[][] = [];
  readonly reads: string[][] = [];
  /** Runs before a statement is applied: throws what the store is to fail with. */
  script: (mutations: readonly Mutation[]) => Promise<void> | void = () => undefined;
  probeScript: () => Promise<void> | void = () => undefined;
  readScript: (ids: readonly string[]) => Promise<void> | void = () => undefined;
  buckets: (id: string) => number = () => 0;
  probes = 0;
  inFlight = 0;
  inFlightMax = 0;

  bucketOf(id: string): number {
    return this.buckets(id);
  }

  async write(mutations: readonly Mutation[]): Promise<WriteOutcome[]> {
    this.statements.push(mutations.map(({ id, version }) => `${id}@${version}`));
    this.inFlight += 1;
    this.inFlightMax = Math.max(this.inFlightMax, this.inFlight);
    try {
      await this.script(mutations);
    } finally {
      this.inFlight -= 1;
    }
    return mutations.map((mutation) => {
      const name = nameOf(mutation);
      const { outcome, row } = applyMutation(this.rows.get(name), mutation);
      this.rows.set(name, row);
      return outcome;
    });
  }

  async read(entity: EntityName, tool: Tool, ids: readonly string[]): Promise<Map<string, Row>> {
    this.reads.push(ids.map((id) => `${entity}|${tool}|${id}`));
    await this.readScript(ids);
    const found = new Map<string, Row>();
    for (const id of ids) {
      const row = this.rows.get(`${entity}|${tool}|${id}`);
      if (row !== undefined) found.set(id, row);
    }
    return found;
  }

  async readWritten(mutations: readonly Mutation[]): Promise<Map<string, Row>> {
    const [first] = mutations;
    const ids = mutations.map(({ id }) => id);
    return first === undefined ? new Map() : await this.read(first.entity, first.tool, ids);
  }

  keepMoved(): Promise<readonly string[]> {
    return Promise.resolve([]);
  }

  takeMoved(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  fillCarried(): Promise<void> {
    return Promise.resolve();
  }

  async *find(entity: EntityName, tool: Tool | null, column: string, value: string): AsyncIterable<Row> {
    assertIndexed(entity, column);
    const sought = soughtText(entity, column, value);
    for (const row of [...this.rows.values()]) {
      if (row.entity !== entity || (tool !== null && row.tool !== tool)) continue;
      if (soughtText(entity, column, String(row.columns[column] ?? '')) === sought) yield row;
    }
  }

  async *everyWaiting(): AsyncGenerator<{ readonly reference: string; readonly row: RowKey }> {
    for (const [reference, rows] of this.waitingRows)
      for (const row of [...rows.values()]) yield { reference, row };
  }

  complete(seen: Row, columns: Columns): Promise<boolean> {
    const name = nameOf(seen);
    const completed = applyCompletion(this.rows.get(name), seen, columns);
    if (completed !== undefined) this.rows.set(name, completed);
    return Promise.resolve(completed !== undefined);
  }

  addWaiting(waiting: readonly { readonly reference: string; readonly row: RowKey }[]): Promise<void> {
    for (const { reference, row } of waiting) {
      const rows = this.waitingRows.get(reference) ?? new Map<string, RowKey>();
      this.waitingRows.set(reference, rows.set(nameOf(row), row));
    }
    return Promise.resolve();
  }

  waiting(reference: string): Promise<readonly RowKey[]> {
    return Promise.resolve([...(this.waitingRows.get(reference)?.values() ?? [])]);
  }

  removeWaiting(reference: string, rows: readonly RowKey[]): Promise<void> {
    for (const row of rows) this.waitingRows.get(reference)?.delete(nameOf(row));
    return Promise.resolve();
  }

  keepTruncation(truncation: Truncation): Promise<void> {
    const name = `${truncation.entity}|${truncation.tool}|${truncation.facet}`;
    const known = this.truncated.get(name);
    if (known === undefined || known.version < truncation.version) this.truncated.set(name, truncation);
    return Promise.resolve();
  }

  truncations(): Promise<readonly Truncation[]> {
    return Promise.resolve([...this.truncated.values()]);
  }

  listDevice(): Promise<void> {
    return Promise.resolve();
  }

  unlistDevice(): Promise<void> {
    return Promise.resolve();
  }

  async *scan(entity: EntityName): AsyncIterable<Row> {
    for (const row of [...this.rows.values()]) if (row.entity === entity) yield row;
  }

  async probe(): Promise<void> {
    this.probes += 1;
    await this.probeScript();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  columns(id: string, entity: EntityName = 'device'): Columns | undefined {
    return this.rows.get(`${entity}|tactical-rmm|${id}`)?.columns;
  }
}

function nameOf({ entity, tool, id }: RowKey): string {
  return `${entity}|${tool}|${id}`;
}

/** A change of a device; `version` sorts as its number. */
export function mutationOf(
  id: string,
  version: number,
  columns: Columns = { hostname: `PC-${version}` },
  more: Partial<Mutation> = {},
): Mutation {
  return {
    entity: 'device',
    tool: 'tactical-rmm',
    id,
    facet: MAIN_FACET,
    version: `v${String(version).padStart(3, '0')}`,
    sourceTs: version,
    deleted: false,
    columns,
    ...more,
  };
}
