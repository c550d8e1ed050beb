import { FollowUps } from '../../../src/main/follow-ups.ts';
import { SILENT_OBSERVER } from '../../../src/main/observer.ts';
import type { Columns, EntityName, Tool } from '../../../src/shared/entity.ts';
import { messageTypes } from '../../../src/shared/message-type.ts';
import type { Mutation, Operation } from '../../../src/shared/mutation.ts';
import { createBoard } from '../../../src/shared/shared-board.ts';
import type { Decoded, Decoder } from '../../../src/workers/decode.ts';
import { FakeStore } from '../fake-store.ts';
import { captured } from '../record-builder.ts';
import { newWorker, type TestWorker, type Told } from '../stages.ts';
import { randomOf } from './chance.ts';
import { keyOf, type OwnRow, type SettledRows, settledRows, withoutNull } from './settled-rows.ts';
import { turningStore } from './turning-store.ts';
import { type Actor, Turns } from './turns.ts';
import type { Happening, World } from './world.ts';

const PARTITIONS = 5;
const WORKERS = 2;
const BATCHES_AT_ONCE = 2;
const BATCH_RECORDS = 3;
const CACHE_MS = 30_000;

/** A partition: what stands in it, how far it was taken and how far it is committed. */
interface Partition {
  readonly decoded: (() => Decoded)[];
  taken: number;
  committed: number;
  readonly done: Set<number>;
}

/** Several workers of one or two processes take in what happened, in one of many orders. */
export class Simulation {
  readonly store = new FakeStore();
  readonly turns: Turns;
  readonly random: () => number;
  readonly partitions: readonly Partition[] = Array.from({ length: PARTITIONS }, () => ({
    decoded: [],
    taken: 0,
    committed: 0,
    done: new Set(),
  }));
  readonly #processes: SimulatedProcess[];
  /** What Pinot shows: the newest version of each key. */
  readonly #told = new Map<string, Told>();
  readonly #own = new Map<string, OwnRow>();
  readonly errors: unknown[] = [];
  readonly #died: SimulatedProcess[] = [];
  #version = 0;

  constructor(seed: number, processes: number) {
    this.random = randomOf(seed);
    this.turns = new Turns(this.random);
    this.#processes = Array.from({ length: processes }, (_, index) => new SimulatedProcess(this, index));
  }

  async run({ phases, crashes }: World): Promise<void> {
    for (const [index, phase] of phases.entries()) {
      for (const happening of phase) this.#produce(happening);
      for (const process of this.#processes) process.pump();
      const crashAt = crashes[index] ?? null;
      const before = this.turns.taken;
      await this.turns.run(
        () => {
          // Whoever died has had the rest of his last turn by now.
          for (const process of this.#died.splice(0)) process.close();
          return this.errors.length > 0 || this.partitions.every(isCommitted);
        },
        () => {
          if (crashAt !== null && this.turns.taken - before === crashAt) this.#crash(crashAt);
        },
      );
    }
    // One process knows what it has changed; of several each waits until the others' caches have forgotten, and does it again.
    if (this.#processes.length > 1) await this.turns.run(() => this.errors.length > 0);
    for (const process of this.#processes) process.close();
  }

  get processes(): number {
    return this.#processes.length;
  }

  /** What rows are and what analytics shows of them, and what both have to be. */
  ends(): { rows: SettledRows; analytics: SettledRows; expected: SettledRows } {
    const rows = new Map<string, Readonly<Record<string, unknown>>>();
    for (const [key, row] of this.store.rows) if (!row.deleted) rows.set(key, row.columns);
    const analytics = new Map<string, Readonly<Record<string, unknown>>>();
    for (const [key, { row }] of this.#told) if (row.deleted !== true) analytics.set(key, columnsOf(row));
    return { rows, analytics, expected: settledRows(this.#own.values()) };
  }

  tell(told: readonly Told[]): void {
    for (const one of told) {
      const { tool, id, version } = one.row as { tool: Tool; id: string; version: string };
      const key = keyOf({ entity: one.entity as EntityName, tool, id });
      const known = this.#told.get(key);
      if (known === undefined || String(known.row.version) <= version) this.#told.set(key, one);
    }
  }

  #crash(at: number): void {
    const index = at % this.#processes.length;
    const died = this.#processes[index];
    if (died === undefined) return;
    died.dead = true;
    this.#died.push(died);
    for (const partition of this.partitions) {
      if (this.partitions.indexOf(partition) % this.#processes.length !== index) continue;
      partition.taken = partition.committed;
      partition.done.clear();
    }
    this.#processes[index] = new SimulatedProcess(this, index);
    this.#processes[index]?.pump();
  }

  #produce(happening: Happening): void {
    this.#version += 1;
    const version = this.#version;
    if (happening.kind === 'truncate') {
      for (const [key, row] of this.#own)
        if (row.entity === happening.entity && row.tool === happening.tool)
          this.#own.set(key, { ...row, columns: null });
      this.#append(Math.floor(this.random() * PARTITIONS), () => truncate(happening, version));
      return;
    }
    const { row } = happening;
    const columns = happening.kind === 'set' ? happening.columns : null;
    const known = this.#own.get(keyOf(row));
    // What is not there cannot be deleted.
    if (columns === null && (known === undefined || known.columns === null)) return;
    this.#own.set(keyOf(row), { ...row, version: versionOf(version), columns });
    const mutation: Mutation = {
      ...row,
      facet: 'main',
      version: versionOf(version),
      sourceTs: version,
      deleted: columns === null,
      columns: columns ?? cleared(known?.columns ?? {}),
    };
    const operation = columns === null ? 'delete' : known === undefined ? 'create' : 'update';
    const partition = [...keyOf(row)].reduce((sum, letter) => sum + letter.charCodeAt(0), 0) % PARTITIONS;
    this.#append(partition, () => change(mutation, operation));
    if (happening.twice) this.#append(partition, () => change(mutation, operation));
  }

  #append(partition: number, decoded: () => Decoded): void {
    this.partitions[partition]?.decoded.push(decoded);
  }
}

const isCommitted = ({ decoded, committed }: Partition): boolean => committed === decoded.length;

const versionOf = (version: number): string => `0000-${version.toString(16).padStart(16, '0')}-1`;

const cleared = (columns: Columns): Columns =>
  Object.fromEntries(Object.keys(columns).map((column) => [column, null]));

function change(mutation: Mutation, operation: Operation): Decoded {
  return {
    kind: 'changes',
    changes: [{ mutation: { ...mutation, columns: { ...mutation.columns } }, operation }],
  };
}

function truncate({ entity, tool }: { entity: EntityName; tool: Tool }, version: number): Decoded {
  const types = messageTypes.filter(
    (type) => type.entity === entity && type.tool === tool && type.facet === 'main',
  );
  return { kind: 'truncate', types, version: versionOf(version), sourceTs: version };
}

/** The columns of an analytics record. */
function columnsOf(record: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const { tool: _, id: __, op, source_ts, processed_at, version, facet, deleted, ...columns } = record;
  return withoutNull(columns);
}

/** Own columns of every entity here: what a truncate clears. */
const OWN_COLUMNS = [
  'name',
  'organisation_id',
  'site_id',
  'hostname',
  'serial_number',
  'mesh_node_id',
  'device_key',
  'role_id',
  'device_id',
  'display_name',
];

class SimulatedProcess implements Actor {
  dead = false;
  readonly #simulation: Simulation;
  readonly #index: number;
  readonly #workers: readonly TestWorker[];
  readonly #inFlight: number[];
  readonly #followUps: FollowUps;

  constructor(simulation: Simulation, index: number) {
    this.#simulation = simulation;
    this.#index = index;
    const store = turningStore(simulation.store, simulation.turns, this);
    const board = createBoard(WORKERS);
    const decoder: Decoder = {
      decode: ({ partition, offset }) =>
        simulation.partitions[partition]?.decoded[offset]?.() ?? { kind: 'skip', reason: 'tombstone' },
      columnsOf: () => OWN_COLUMNS,
    };
    const references = { ttlMs: CACHE_MS, negativeTtlMs: CACHE_MS };
    this.#workers = Array.from({ length: WORKERS }, () =>
      newWorker(store, { board, decoder, references, now: Date.now }),
    );
    this.#inFlight = this.#workers.map(() => 0);
    this.#followUps = new FollowUps({
      run: async (task) => {
        const worker = this.#workers[task.worker];
        if (worker === undefined) throw new Error('no such worker');
        return await worker.tasks.next(task);
      },
      changed: (rows) => {
        if (!this.dead) simulation.tell(toldOf(rows));
      },
      repeatAfterMs: CACHE_MS,
      observer: SILENT_OBSERVER,
      log: (_level, message) => simulation.errors.push(message),
      failed: (error) => simulation.errors.push(error),
    });
  }

  close(): void {
    this.#followUps.close();
    for (const { writer } of this.#workers) writer.close();
  }

  /** Takes what stands in the partitions of this process. */
  pump(): void {
    if (this.dead) return;
    for (let worker = 0; worker < this.#workers.length; worker += 1) {
      while ((this.#inFlight[worker] ?? 0) < BATCHES_AT_ONCE) {
        const taken = this.#take(worker);
        if (taken.length === 0) break;
        this.#inFlight[worker] = (this.#inFlight[worker] ?? 0) + 1;
        this.#handle(worker, taken).catch((error: unknown) => this.#simulation.errors.push(error));
      }
    }
  }

  #take(worker: number): { partition: number; offset: number }[] {
    const taken: { partition: number; offset: number }[] = [];
    const { partitions, random, processes } = this.#simulation;
    for (const [index, partition] of partitions.entries()) {
      if (index % processes !== this.#index) continue;
      if (Math.floor(index / processes) % WORKERS !== worker) continue;
      for (let count = Math.ceil(random() * BATCH_RECORDS); count > 0; count -= 1) {
        if (partition.taken === partition.decoded.length) break;
        taken.push({ partition: index, offset: partition.taken });
        partition.taken += 1;
      }
    }
    return taken;
  }

  async #handle(worker: number, taken: readonly { partition: number; offset: number }[]): Promise<void> {
    const records = taken.map((place) => captured({ ...place, key: 'k', value: 'v' }));
    const result = await this.#workers[worker]?.run(records);
    if (result === undefined || result.deadLetters.length > 0) throw new Error('a dead letter');
    this.#followUps.before(worker, result.followUps, () => {
      if (this.dead) return;
      this.#simulation.tell(result.analytics);
      for (const { partition: index, offset } of taken) {
        const partition = this.#simulation.partitions[index];
        partition?.done.add(offset);
        while (partition?.done.has(partition.committed) === true) partition.committed += 1;
      }
      this.#inFlight[worker] = (this.#inFlight[worker] ?? 0) - 1;
      this.pump();
    });
  }
}

function toldOf(rows: { outgoing(): Iterable<unknown> }): Told[] {
  return [...rows.outgoing()].map((record) => {
    const { topic, key, value } = record as { topic: string; key: Buffer; value: Buffer };
    return {
      record: 0,
      entity: topic.replace('-analytics', ''),
      key: key.toString(),
      row: JSON.parse(value.toString()) as Record<string, unknown>,
    };
  });
}
