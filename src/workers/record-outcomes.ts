/**
 * What became of records, where one record may be several changes: it counts once, as the most that happened to any of its changes.
 */
const RANK: Readonly<Record<string, number>> = { duplicate: 0, stale: 1, written: 2, dead_lettered: 3 };

export class RecordOutcomes {
  /** `outcome` or `outcome:reason` to records. */
  readonly counts: Record<string, number> = {};
  /** Records of several changes: what is open of them, and the most that happened so far. */
  readonly #open = new Map<number, { left: number; outcome: string }>();

  /** A record that becomes so many changes; only needed for more than one. */
  expect(record: number, changes: number): void {
    if (changes > 1) this.#open.set(record, { left: changes, outcome: 'duplicate' });
  }

  /** One of a record's changes has ended so. */
  ended(record: number, outcome: string): void {
    const open = this.#open.get(record);
    if (open === undefined) {
      this.count(outcome);
      return;
    }
    open.left -= 1;
    if (rankOf(outcome) > rankOf(open.outcome)) open.outcome = outcome;
    if (open.left > 0) return;
    this.#open.delete(record);
    this.count(open.outcome);
  }

  count(outcome: string): void {
    this.counts[outcome] = (this.counts[outcome] ?? 0) + 1;
  }
}

function rankOf(outcome: string): number {
  return RANK[outcome.split(':', 1)[0] ?? ''] ?? 0;
}
