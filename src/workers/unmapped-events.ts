import type { Tool } from '../shared/entity.ts';

const NAMES_MAX = 200;
const NAME_LENGTH_MAX = 64;
/** Stands for all names beyond the first ones. */
const OTHER = 'other';

/**
 * Counts events that nothing is known of under the tool's own names, so that an operator sees what to add to `events.types`. The
 * names come from records: they are cut to harmless signs and to so many of them that no source can flood the metrics.
 */
export class UnmappedEvents {
  readonly #count: (counter: string) => void;
  /** `<tool>:<the tool's own name>` to the counter of main's table of metrics. */
  readonly #counters = new Map<string, string>();

  constructor(count: (counter: string) => void) {
    this.#count = count;
  }

  add(tool: Tool, sourceType: string): void {
    const name = sourceType.slice(0, NAME_LENGTH_MAX).replace(/[^A-Za-z0-9_.-]/g, '_') || '_';
    const label = `${tool}:${name}`;
    let counter = this.#counters.get(label);
    if (counter === undefined) {
      if (this.#counters.size >= NAMES_MAX) counter = `unmappedEvents:${tool}:${OTHER}`;
      else {
        counter = `unmappedEvents:${label}`;
        this.#counters.set(label, counter);
      }
    }
    this.#count(counter);
  }
}
