import type { EntityName, Tool } from '../shared/entity.ts';
import { ENTITY_NAMES, TOOLS } from '../shared/entity.ts';
import type { FollowUp, ReferenceFollowUp } from '../shared/follow-up.ts';
import { filledColumns, REFERENCES, type ReferenceRule } from '../shared/reference-table.ts';
import type { CompletedRow, Completer } from './complete.ts';
import type { DeviceLinker } from './link-devices.ts';
import type { Patiently } from './look-up.ts';
import { type Face, isReference, keysOf, referenceName, referenceOfRow, sameFace } from './reference.ts';
import type { ReferenceCache } from './reference-cache.ts';
import type { Row, RowKey, Store } from './stores/store.ts';
import type { TruncationSweep } from './truncations.ts';

/** Rows of an index that are completed together. */
const PAGE_ROWS = 200;

/** A row that follow-up work changed, for analytics to be told. */
export interface FollowedRow {
  readonly row: Row;
  readonly operation: 'update' | 'delete';
}

export interface FollowUpParts {
  readonly store: Store;
  readonly cache: ReferenceCache;
  readonly completer: Completer;
  readonly linker: DeviceLinker;
  readonly sweep: TruncationSweep;
  readonly patiently: Patiently;
}

/**
 * Does the work that a change makes at other rows: completes those that waited for it or show something of it, links devices, and
 * marks the rows of a truncated table. A row completed on the way may be a reference itself, which is followed up in turn.
 */
export class FollowUpRun {
  readonly #parts: FollowUpParts;

  constructor(parts: FollowUpParts) {
    this.#parts = parts;
  }

  /** Answers the rows that changed, one by one, as they are now. */
  async *run(followUp: FollowUp): AsyncGenerator<FollowedRow> {
    if (followUp.kind === 'truncation') {
      for await (const row of this.#parts.sweep.run(followUp)) yield { row, operation: 'delete' };
      return;
    }
    if (followUp.kind === 'waiting') {
      yield* this.#retryWaiting();
      return;
    }
    if (followUp.after !== null) yield* this.#waiting(followUp, followUp.after);
    // Of a row that was not there nobody shows anything; those that wait for it are found by its names.
    if (followUp.before !== null) yield* this.#naming(followUp);
    if (followUp.entity === 'device') yield* this.#relink(followUp, [followUp.before, followUp.after]);
  }

  async *#waiting({ entity, tool, id }: ReferenceFollowUp, face: Face): AsyncGenerator<FollowedRow> {
    const { store, patiently } = this.#parts;
    if (entity === 'event_device') {
      const event = face.event_id;
      if (typeof event === 'string') yield* this.#complete([{ entity: 'event', tool, id: event }]);
      return;
    }
    for (const key of keysOf(entity, tool, { id, deleted: false, face })) {
      const name = referenceName(key);
      const rows = await patiently(() => store.waiting(name));
      if (rows.length === 0) continue;
      yield* this.#complete(rows);
      await patiently(() => store.removeWaiting(name, rows));
    }
  }

  /** Looks again at every row that waits; what still waits stays noted. */
  async *#retryWaiting(): AsyncGenerator<FollowedRow> {
    const { store, patiently } = this.#parts;
    for await (const { reference, row } of store.everyWaiting()) {
      let changed = false;
      for await (const followed of this.#complete([row])) {
        changed = true;
        yield followed;
      }
      if (changed) await patiently(() => store.removeWaiting(reference, [row]));
    }
  }

  /** Completes the rows that name a reference. */
  async *#naming({ entity, tool, id, before, after }: ReferenceFollowUp): AsyncGenerator<FollowedRow> {
    for (const rule of REFERENCES.filter(({ to }) => to === entity)) {
      const values = rule.by === 'id' ? [id] : [before?.[rule.by], after?.[rule.by]];
      for (const value of new Set(values)) {
        if (typeof value === 'string' && value !== '') yield* this.#completeNaming(rule, tool, value);
      }
    }
  }

  async *#completeNaming(rule: ReferenceRule, tool: Tool, value: string): AsyncGenerator<FollowedRow> {
    const tools = rule.toTool === undefined ? [tool] : rule.toTool === tool ? (rule.tools ?? TOOLS) : [];
    for (const entity of entitiesOf(rule)) {
      for (const ruled of tools) {
        if (rule.tools !== undefined && !rule.tools.includes(ruled)) continue;
        // A set is not indexed: the table that fills it leads there.
        if (rule.column === 'device_ids') yield* this.#completeEventsOf(ruled, value);
        // The audit log's devices are found under the id that was filled in.
        else if (rule.column !== 'device_key') yield* this.#completePages(entity, ruled, rule.column, value);
      }
    }
  }

  async *#completePages(
    entity: EntityName,
    tool: Tool,
    column: string,
    value: string,
  ): AsyncGenerator<FollowedRow> {
    let page: RowKey[] = [];
    for await (const { id, deleted } of this.#parts.store.find(entity, tool, column, value)) {
      if (!deleted) page.push({ entity, tool, id });
      if (page.length < PAGE_ROWS) continue;
      yield* this.#complete(page);
      page = [];
    }
    yield* this.#complete(page);
  }

  async *#completeEventsOf(tool: Tool, deviceId: string): AsyncGenerator<FollowedRow> {
    const events = new Set<string>();
    for await (const { columns } of this.#parts.store.find('event_device', tool, 'device_id', deviceId)) {
      if (typeof columns.event_id === 'string') events.add(columns.event_id);
    }
    yield* this.#complete([...events].map((id) => ({ entity: 'event', tool, id })));
  }

  /**
   * Completes rows, and what hangs on those of them that are devices. The latter whether they changed or not: when this is done again
   * after a crash, they are complete already and what hangs on them may not be.
   */
  async *#complete(keys: readonly RowKey[]): AsyncGenerator<FollowedRow> {
    for await (const completed of this.#parts.completer.complete(keys)) {
      this.announce(completed);
      yield { row: completed.row, operation: 'update' };
    }
    for (const key of keys.filter(({ entity }) => entity === 'device')) {
      const face = await this.#face(key);
      if (face === null) continue;
      const { tool, id } = key;
      // Only a device that is placed by another row changes its place here.
      if (filledColumns('device', tool).has('site_id'))
        yield* this.#naming({ kind: 'reference', entity: 'device', tool, id, before: face, after: face });
      yield* this.#relink(key, [face]);
    }
  }

  async #face({ entity, tool, id }: RowKey): Promise<Face | null> {
    const row = (await this.#parts.patiently(() => this.#parts.store.read(entity, tool, [id]))).get(id);
    return row === undefined ? null : (referenceOfRow(row)?.face ?? null);
  }

  /** Keeps what is made of devices together: the list of its organisation's devices, and links with other tools' devices. */
  async *#relink(
    device: { tool: Tool; id: string },
    faces: readonly (Face | null)[],
  ): AsyncGenerator<FollowedRow> {
    const { tool, id } = device;
    await this.#parts.patiently(() => this.#parts.store.listDevice({ entity: 'device', tool, id }));
    const isNew = faces.length > 1 && faces[0] === null;
    for await (const row of this.#parts.linker.relink(device, faces, isNew))
      yield { row, operation: row.deleted ? 'delete' : 'update' };
  }

  /** Tells every cache of a completed row that others refer to, and says what is to follow. */
  announce({ before, row }: CompletedRow): ReferenceFollowUp | undefined {
    const [was, is] = [referenceOfRow(before), referenceOfRow(row)];
    if (was === null || is === null || !isReference(row.entity) || sameFace(was.face, is.face))
      return undefined;
    for (const key of keysOf(row.entity, row.tool, is)) this.#parts.cache.changed(referenceName(key));
    const { entity, tool, id } = row;
    return { kind: 'reference', entity, tool, id, before: was.face, after: is.face };
  }
}

function entitiesOf(rule: ReferenceRule): readonly EntityName[] {
  return typeof rule.entity === 'string'
    ? [rule.entity]
    : ENTITY_NAMES.filter((name) => rule.entity.includes(name));
}
