import type { Mutation } from '../shared/mutation.ts';

/** Rows of which the last change is remembered: those of so many changes, and of as many before. */
const CHANGES_MAX = 25_000;

interface Change extends Pick<Mutation, 'entity' | 'tool' | 'facet' | 'id' | 'version'> {
  /** The worker's batch that it was in. */
  readonly batch: number;
}

/** Changes as they came, and by name once somebody has asked for one: in a stream that repeats nothing nobody does. */
class ChangeLog {
  readonly #changes: Change[] = [];
  #byName: Map<string, Change> | undefined;

  get isFull(): boolean {
    return this.#changes.length >= CHANGES_MAX;
  }

  add(change: Change): void {
    this.#changes.push(change);
    this.#byName?.set(nameOf(change), change);
  }

  get(name: string): Change | undefined {
    this.#byName ??= new Map(this.#changes.map((change) => [nameOf(change), change]));
    return this.#byName.get(name);
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
    const name = nameOf(mutation);
    const known = this.#recent.get(name) ?? this.#earlier.get(name);
    return known !== undefined && known.version === mutation.version && known.batch <= this.#acknowledged;
  }

  /** A change of a batch is in the store. */
  handled({ entity, tool, facet, id, version }: Mutation, batch: number): void {
    this.#recent.add({ entity, tool, facet, id, version, batch });
    if (!this.#recent.isFull) return;
    this.#earlier = this.#recent;
    this.#recent = new ChangeLog();
  }
}

/** The id comes last: it alone may hold the separator. */
function nameOf({ entity, tool, facet, id }: Pick<Mutation, 'entity' | 'tool' | 'facet' | 'id'>): string {
  return `${entity}|${tool}|${facet}|${id}`;
}
