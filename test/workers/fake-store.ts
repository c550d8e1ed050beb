import type { Columns, EntityName, Tool } from '../../src/shared/entity.ts';
import { MAIN_FACET } from '../../src/shared/entity.ts';
import type { Mutation, WriteOutcome } from '../../src/shared/mutation.ts';
import { applyMutation } from '../../src/workers/stores/row.ts';
import type { Row, Store } from '../../src/workers/stores/store.ts';

/** A store whose answers are the test's: rows in memory, failures and delays by script. */
export class FakeStore implements Store {
  readonly rows = new Map<string, Row>();
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
      const name = `${mutation.entity}|${mutation.tool}|${mutation.id}`;
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

  keepMoved(): Promise<readonly string[]> {
    return Promise.resolve([]);
  }

  takeMoved(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  fillCarried(): Promise<void> {
    return Promise.resolve();
  }

  async *scan(): AsyncIterable<Row> {
    yield* this.rows.values();
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
