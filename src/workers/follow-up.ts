import type { EntityName, Tool } from '../shared/entity.ts';
import { ENTITY_NAMES, MAIN_FACET, TOOLS } from '../shared/entity.ts';
import type { FollowUp, ReferenceFollowUp, TruncationFollowUp } from '../shared/follow-up.ts';
import { isPlaced, REFERENCES, type ReferenceRule } from '../shared/reference-table.ts';
import type { CompletedRow, Completer } from './complete.ts';
import type { DeviceLinker } from './link-devices.ts';
import type { Patiently } from './look-up.ts';
import { type Face, isReference, keysOf, referenceName, referenceOfRow, sameFace } from './reference.ts';
import type { ReferenceCache } from './reference-cache.ts';
import type { Row, RowKey, Store } from './stores/store.ts';
import { isMarked, type TruncationSweep } from './truncations.ts';

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

  /**
   * Answers the rows that changed, one by one, as they are now. `begunBefore`: this work was begun and broken off, so that rows may have
   * changed and nobody was told. `repeat` is told what has to be done once more when other processes have forgotten what was before.
   */
  async *run(
    followUp: FollowUp,
    begunBefore = false,
    repeat: (followUp: FollowUp) => void = () => undefined,
  ): AsyncGenerator<FollowedRow> {
    if (followUp.kind === 'waiting') {
      yield* this.#retryWaiting();
      return;
    }
    if (followUp.kind === 'waited') {
      yield* this.#complete(followUp.rows, begunBefore);
      return;
    }
    const again = followUp.again || begunBefore;
    if (followUp.kind === 'truncation') yield* this.#truncated({ ...followUp, again });
    else yield* this.#reference({ ...followUp, again }, repeat);
  }

  /** Looks again at every row that waits; what still waits stays noted. */
  async *#retryWaiting(): AsyncGenerator<FollowedRow> {
    const { store, patiently } = this.#parts;
    for await (const { reference, row } of store.everyWaiting()) {
      let changed = false;
      for await (const followed of this.#complete([row], false)) {
        changed = true;
        yield followed;
      }
      if (changed) await patiently(() => store.removeWaiting(reference, [row]));
    }
  }

  async *#reference(
    followUp: ReferenceFollowUp,
    repeat: (followUp: FollowUp) => void,
  ): AsyncGenerator<FollowedRow> {
    const { entity, tool, after, again } = followUp;
    if (entity === 'event_device') {
      const id = after?.event_id;
      if (typeof id === 'string') yield* this.#complete([{ entity: 'event', tool, id }], again);
      return;
    }
    // Who was found to wait is no longer known to, but may be written again by a process that believes the reference missing.
    let isRepeated = followUp.before !== null;
    const found = (rows: readonly RowKey[]): void => {
      if (!isRepeated) repeat({ ...followUp, before: {}, again: false });
      isRepeated = true;
      repeat({ kind: 'waited', rows });
    };
    if (after !== null) yield* this.#waiting(followUp, after, found);
    yield* this.#naming(followUp);
    if (entity !== 'device') return;
    if (followUp.before !== null || again) yield* this.#placedBy(followUp);
    yield* this.#relink(followUp, [followUp.before, after], again);
  }

  async *#waiting(
    { entity, tool, id, again }: ReferenceFollowUp,
    face: Face,
    found: (rows: readonly RowKey[]) => void,
  ): AsyncGenerator<FollowedRow> {
    const { store, patiently } = this.#parts;
    for (const key of keysOf(entity, tool, { id, deleted: false, face })) {
      const name = referenceName(key);
      const rows = await patiently(() => store.waiting(name));
      if (rows.length === 0) continue;
      found(rows);
      yield* this.#complete(rows, again);
      await patiently(() => store.removeWaiting(name, rows));
      // A row that began to wait again while it was completed was removed as well: it is looked at once more, and says so again.
      yield* this.#complete(rows, false);
    }
  }

  /** Completes the rows that name a reference. */
  async *#naming({ entity, tool, id, before, after, again }: ReferenceFollowUp): AsyncGenerator<FollowedRow> {
    for (const rule of REFERENCES.filter(({ to }) => to === entity)) {
      // Of a row that was not there nobody shows anything, and who waits for it is told. But several may be called alike.
      if (before === null && rule.by === 'id') continue;
      const values = rule.by === 'id' ? [id] : [before?.[rule.by], after?.[rule.by]];
      for (const value of new Set(values)) {
        if (typeof value !== 'string' || value === '') continue;
        for (const rows of rowsNaming(rule, tool)) yield* this.#completeNaming(rows, value, again);
      }
    }
  }

  async *#completeNaming(
    { entity, tool, column }: NamingRows,
    value: string,
    again: boolean,
  ): AsyncGenerator<FollowedRow> {
    // A set is not indexed: the table that fills it leads there.
    if (column === 'device_ids') yield* this.#completeEventsOf(tool, value, again);
    // The audit log's devices are found under the id that was filled in.
    else if (column !== 'device_key')
      yield* this.#completePages(this.#parts.store.find(entity, tool, column, value), again);
  }

  async *#completePages(rows: AsyncIterable<Row>, again: boolean): AsyncGenerator<FollowedRow> {
    let page: RowKey[] = [];
    for await (const { entity, tool, id, deleted } of rows) {
      if (!deleted) page.push({ entity, tool, id });
      if (page.length < PAGE_ROWS) continue;
      yield* this.#complete(page, again);
      page = [];
    }
    yield* this.#complete(page, again);
  }

  async *#completeEventsOf(tool: Tool, deviceId: string, again: boolean): AsyncGenerator<FollowedRow> {
    const events = new Set<string>();
    for await (const { columns } of this.#parts.store.find('event_device', tool, 'device_id', deviceId)) {
      if (typeof columns.event_id === 'string') events.add(columns.event_id);
    }
    yield* this.#complete(
      [...events].map((id) => ({ entity: 'event', tool, id })),
      again,
    );
  }

  /**
   * Completes the devices that take their place from this one, found by their link: what named them before the change may not be known
   * any more. The link stands until they are complete.
   */
  async *#placedBy({ tool, id, again }: ReferenceFollowUp): AsyncGenerator<FollowedRow> {
    const linked = await this.#parts.linker.linkedWith({ tool, id });
    const placed = linked.filter((device) => isPlaced(device.tool));
    yield* this.#complete(
      placed.map((device) => ({ entity: 'device', ...device })),
      again,
    );
  }

  /**
   * Completes rows, and what hangs on those of them that are devices. The latter whether they changed or not: when this is done again
   * after a crash, they are complete already and what hangs on them may not be.
   */
  async *#complete(keys: readonly RowKey[], again: boolean): AsyncGenerator<FollowedRow> {
    // What devices showed before: those that share it may be the only ones of their name now.
    const left = new Map<string, Face[]>();
    for await (const completed of this.#parts.completer.complete(keys, again)) {
      const { row } = completed;
      const before = this.announce(completed)?.before;
      if (before !== null && before !== undefined)
        left.set(`${row.tool}|${row.id}`, [...(left.get(`${row.tool}|${row.id}`) ?? []), before]);
      yield { row, operation: 'update' };
    }
    for (const key of keys.filter(({ entity }) => entity === 'device')) {
      const face = await this.#face(key);
      if (face === null) continue;
      const { tool, id } = key;
      // Only a device that is placed by another row changes its place here.
      if (isPlaced(tool))
        yield* this.#naming({
          kind: 'reference',
          entity: 'device',
          tool,
          id,
          before: face,
          after: face,
          again,
        });
      yield* this.#relink(key, [...(left.get(`${tool}|${id}`) ?? []), face], again);
    }
  }

  /**
   * Marks the rows of a truncated table. If others refer to them, all rows that may do so are looked at: truncates are rare, and when
   * this is done again after a crash nobody knows what the marked rows were called.
   */
  async *#truncated(followUp: TruncationFollowUp): AsyncGenerator<FollowedRow> {
    const { entity, tool, facet, again } = followUp;
    const { store, sweep, cache } = this.#parts;
    for await (const { before, row } of sweep.run(followUp)) {
      const gone = referenceOfRow(before);
      if (gone !== null && isReference(entity))
        for (const key of keysOf(entity, tool, gone)) cache.changed(referenceName(key));
      // Whoever has changed it since tells analytics.
      if (isMarked(row, followUp)) yield { row, operation: 'delete' };
    }
    if (facet !== MAIN_FACET) return;
    for (const rule of REFERENCES.filter(({ to }) => to === entity))
      for (const rows of rowsNaming(rule, tool))
        yield* this.#completePages(ofTool(store.scan(rows.entity), rows.tool), again);
    if (entity !== 'device') return;
    for await (const { id } of ofTool(store.scan('device'), tool)) {
      const face = await this.#face({ entity, tool, id });
      yield* this.#relink({ tool, id }, [face], again);
    }
  }

  async #face({ entity, tool, id }: RowKey): Promise<Face | null> {
    const row = (await this.#parts.patiently(() => this.#parts.store.read(entity, tool, [id]))).get(id);
    return row === undefined ? null : (referenceOfRow(row)?.face ?? null);
  }

  /** Keeps what is made of devices: the list of their organisation's devices, and links with other tools' devices. */
  async *#relink(
    { tool, id }: { readonly tool: Tool; readonly id: string },
    faces: readonly (Face | null)[],
    all: boolean,
  ): AsyncGenerator<FollowedRow> {
    const { store, linker, patiently } = this.#parts;
    await patiently(() => store.listDevice({ entity: 'device', tool, id }));
    const isNew = !all && faces.length > 1 && faces[0] === null;
    for await (const row of linker.relink({ tool, id }, faces, { all, isNew }))
      yield { row, operation: row.deleted ? 'delete' : 'update' };
  }

  /** Tells every cache of a completed row that others refer to, and says what is to follow. */
  announce({ before, row }: CompletedRow): ReferenceFollowUp | undefined {
    const [was, is] = [referenceOfRow(before), referenceOfRow(row)];
    if (was === null || is === null || !isReference(row.entity) || sameFace(was.face, is.face))
      return undefined;
    for (const key of keysOf(row.entity, row.tool, is)) this.#parts.cache.changed(referenceName(key));
    const { entity, tool, id } = row;
    return { kind: 'reference', entity, tool, id, before: was.face, after: is.face, again: false };
  }
}

/** Rows that name others in a column. */
interface NamingRows {
  readonly entity: EntityName;
  readonly tool: Tool;
  readonly column: string;
}

/** The rows that take from a tool's rows by a rule. */
function* rowsNaming(rule: ReferenceRule, tool: Tool): Generator<NamingRows> {
  const tools = rule.toTool === undefined ? [tool] : rule.toTool === tool ? (rule.tools ?? TOOLS) : [];
  for (const entity of entitiesOf(rule))
    for (const ruled of tools)
      if (rule.tools === undefined || rule.tools.includes(ruled))
        yield { entity, tool: ruled, column: rule.column };
}

async function* ofTool(rows: AsyncIterable<Row>, tool: Tool): AsyncGenerator<Row> {
  for await (const row of rows) if (row.tool === tool) yield row;
}

function entitiesOf(rule: ReferenceRule): readonly EntityName[] {
  return typeof rule.entity === 'string'
    ? [rule.entity]
    : ENTITY_NAMES.filter((name) => rule.entity.includes(name));
}
