import { JsonBytes } from '../shared/json-bytes.ts';
import type { Mutation } from '../shared/mutation.ts';

/** Rows of which the last change is remembered: those of so many changes, and of as many before. */
const CHANGES_MAX = 25_000;

/** Enough for the ids and versions of most sources; grows for those with longer ones. */
const TEXT_BYTES = 1_048_576;

type Named = Pick<Mutation, 'entity' | 'tool' | 'facet' | 'id'>;

interface Handled {
  readonly version: string;
  /** The worker's batch that it was in. */
  readonly batch: number;
}

/**
 * Changes as they came, and by name once somebody has asked for one: in a stream that repeats nothing nobody does. Kept as bytes: as
 * objects they outlived the young generation, to be copied, marked and swept.
 */
class ChangeLog {
  #texts = new JsonBytes(new SharedArrayBuffer(TEXT_BYTES));
  readonly #idEnds = new Uint32Array(CHANGES_MAX);
  readonly #versionEnds = new Uint32Array(CHANGES_MAX);
  readonly #batches = new Float64Array(CHANGES_MAX);
  readonly #groups = new Uint16Array(CHANGES_MAX);
  readonly #groupNames: string[] = [];
  #count = 0;
  #byName: Map<string, number> | undefined;

  get isFull(): boolean {
    return this.#count === CHANGES_MAX;
  }

  add(group: string, id: string, version: string, batch: number): void {
    const index = this.#count;
    this.#texts.text(id);
    this.#idEnds[index] = this.#texts.used;
    this.#texts.text(version);
    this.#versionEnds[index] = this.#texts.used;
    this.#batches[index] = batch;
    this.#groups[index] = this.#groupNumber(group);
    this.#byName?.set(nameIn(group, id), index);
    this.#count += 1;
  }

  get(name: string): Handled | undefined {
    this.#byName ??= this.#named();
    const index = this.#byName.get(name);
    if (index === undefined) return undefined;
    const version = this.#texts.textBetween(this.#idEnds[index] ?? 0, this.#versionEnds[index] ?? 0);
    return { version, batch: this.#batches[index] ?? 0 };
  }

  clear(): void {
    if (this.#texts.buffer.byteLength > TEXT_BYTES)
      this.#texts = new JsonBytes(new SharedArrayBuffer(TEXT_BYTES));
    this.#texts.used = 0;
    this.#count = 0;
    this.#byName = undefined;
  }

  /** There are as many as there are message types. */
  #groupNumber(group: string): number {
    const known = this.#groupNames.lastIndexOf(group);
    return known < 0 ? this.#groupNames.push(group) - 1 : known;
  }

  #named(): Map<string, number> {
    const byName = new Map<string, number>();
    for (let index = 0; index < this.#count; index += 1) {
      const start = index === 0 ? 0 : (this.#versionEnds[index - 1] ?? 0);
      const id = this.#texts.textBetween(start, this.#idEnds[index] ?? 0);
      byName.set(nameIn(this.#groupNames[this.#groups[index] ?? 0] ?? '', id), index);
    }
    return byName;
  }
}

/**
 * Changes that this worker has handled, and that every destination has acknowledged by now: the same change once more (a connector
 * that starts again sends what it had not noted yet) needs nothing, neither a write nor an analytics record (contract, section 4).
 */
export class AcknowledgedChanges {
  // Two generations cost every change a third of a list of the least recently used: what comes again comes soon.
  #recent = new ChangeLog();
  #earlier = new ChangeLog();
  #acknowledged = -1;
  #last = { entity: '', tool: '', facet: '', group: '' };
  /** The latest version that was decoded of each topic and partition. */
  readonly #latest = new Map<string, Map<number, string>>();

  /** Every batch up to this one is acknowledged. */
  upTo(batch: number): void {
    this.#acknowledged = batch;
  }

  /**
   * Notes the version of a record that was decoded. False when it is later than all before it in its partition: a change that was
   * handled already comes with a version that was there.
   */
  mayRepeat(topic: string, partition: number, version: string): boolean {
    let partitions = this.#latest.get(topic);
    if (partitions === undefined) {
      partitions = new Map();
      this.#latest.set(topic, partitions);
    }
    const latest = partitions.get(partition);
    if (latest !== undefined && version <= latest) return true;
    partitions.set(partition, version);
    return false;
  }

  has(mutation: Mutation): boolean {
    const name = nameIn(this.#groupOf(mutation), mutation.id);
    const known = this.#recent.get(name) ?? this.#earlier.get(name);
    return known !== undefined && known.version === mutation.version && known.batch <= this.#acknowledged;
  }

  /** A change of a batch is in the store. */
  handled(mutation: Mutation, batch: number): void {
    this.#recent.add(this.#groupOf(mutation), mutation.id, mutation.version, batch);
    if (!this.#recent.isFull) return;
    [this.#recent, this.#earlier] = [this.#earlier, this.#recent];
    this.#recent.clear();
  }

  /** The same text for changes that follow each other: most are of one table. */
  #groupOf({ entity, tool, facet }: Named): string {
    const last = this.#last;
    if (last.entity === entity && last.tool === tool && last.facet === facet) return last.group;
    const group = `${entity}|${tool}|${facet}`;
    this.#last = { entity, tool, facet, group };
    return group;
  }
}

/** The id comes last: it alone may hold the separator. */
function nameIn(group: string, id: string): string {
  return `${group}|${id}`;
}
