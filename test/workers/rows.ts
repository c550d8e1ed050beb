import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Columns, EntityName, Tool } from '../../src/shared/entity.ts';
import { MAIN_FACET } from '../../src/shared/entity.ts';
import type { FollowUp } from '../../src/shared/follow-up.ts';
import type { Change, Mutation, Operation, OwnedRows } from '../../src/shared/mutation.ts';
import type { Decoded, Decoder } from '../../src/workers/decode.ts';
import { EmbeddedStore } from '../../src/workers/stores/embedded-store.ts';
import type { Row, Store } from '../../src/workers/stores/store.ts';
import { FakeStore } from './fake-store.ts';
import { captured } from './record-builder.ts';
import { follow, type GivenRecord, newWorker, type Ran, type StagesOptions, type Told } from './stages.ts';

/** Changes by hand on their way through a worker: what is decoded is said, not read from a record. */

/** A change of a row; versions are numbers that sort. */
export function changed(
  entity: EntityName,
  tool: Tool,
  id: string,
  version: number,
  columns: Columns | null,
  more: Partial<Mutation> & { readonly owned?: OwnedRows; readonly operation?: Operation } = {},
): Change {
  const { owned, operation = columns === null ? 'delete' : 'update', ...parts } = more;
  const mutation: Mutation = {
    entity,
    tool,
    id,
    facet: MAIN_FACET,
    version: versionText(version),
    sourceTs: version,
    deleted: columns === null,
    columns: columns ?? {},
    ...parts,
  };
  return { mutation, operation, ...(owned === undefined ? {} : { owned }) };
}

export const versionText = (version: number): string => `0000-${version.toString(16).padStart(16, '0')}-1`;

/** What a record says: changes, or anything else that a decoder answers. */
export type Said = readonly Change[] | Exclude<Decoded, { kind: 'changes' }>;

export interface ChangeTrial {
  readonly store: Store;
  /** Takes what records say as one batch, and does what is to follow. Answers everything that analytics hears. */
  take(...records: readonly Said[]): Promise<Ran & { readonly followed: readonly Told[] }>;
  /** Does what its follow-ups asked for once more when other processes have forgotten. */
  repeat(): Promise<void>;
  /** The same without what is to follow, as if the process had died. */
  batch(...records: readonly Said[]): Promise<Ran>;
  row(entity: EntityName, tool: Tool, id: string): Promise<Row | undefined>;
  columns(entity: EntityName, tool: Tool, id: string): Promise<Columns | undefined>;
}

/** A worker of its own over the store. */
export function changeTrial(
  store: Store,
  options: StagesOptions & { readonly cleared?: readonly string[] } = {},
): ChangeTrial {
  const said: Said[] = [];
  const repeated: FollowUp[] = [];
  const decoder: Decoder = {
    decode: ({ offset }) => decodedOf(said[offset] ?? []),
    columnsOf: () => options.cleared ?? [],
  };
  const worker = newWorker(store, { ...options, decoder });
  const batch = async (...records: readonly Said[]): Promise<Ran> => {
    const given = records.map((one): GivenRecord => {
      said.push(one);
      return captured({ topic: 'said', offset: said.length - 1, key: 'k', value: 'v' });
    });
    return await worker.run(given);
  };
  const row = async (entity: EntityName, tool: Tool, id: string) =>
    (await store.read(entity, tool, [id])).get(id);
  return {
    store,
    batch,
    take: async (...records) => {
      const ran = await batch(...records);
      return { ...ran, followed: await follow(worker, ran.followUps, repeated) };
    },
    repeat: async () => {
      await follow(worker, repeated.splice(0));
    },
    row,
    columns: async (entity, tool, id) => (await row(entity, tool, id))?.columns,
  };
}

/** Enrichment writes into a change's columns: a record that is read twice is two changes. */
function decodedOf(said: Said): Decoded {
  if (!Array.isArray(said)) return said as Decoded;
  const changes = (said as readonly Change[]).map((change) => ({
    ...change,
    mutation: { ...change.mutation, columns: { ...change.mutation.columns } },
  }));
  return { kind: 'changes', changes };
}

/** Stores to run the same tests on; `close` when all of them have run. */
export function stores(): {
  readonly kinds: readonly ['in memory', 'embedded'];
  open(kind: string): Promise<Store>;
  close(): Promise<void>;
} {
  const folders: string[] = [];
  const opened: Store[] = [];
  return {
    kinds: ['in memory', 'embedded'],
    open: async (kind) => {
      if (kind === 'in memory') return new FakeStore();
      const folder = await mkdtemp(join(tmpdir(), 'openframe-rows-'));
      folders.push(folder);
      const store = new EmbeddedStore({
        kind: 'embedded',
        path: folder,
        buckets: 4,
        deletedKeepSeconds: 1e6,
        historyKeepSeconds: 1e6,
      });
      opened.push(store);
      return store;
    },
    close: async () => {
      for (const store of opened) await store.close();
      for (const folder of folders) await rm(folder, { recursive: true, force: true });
    },
  };
}
