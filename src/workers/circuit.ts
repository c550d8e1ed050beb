/** The circuit of one worker to its store: open while the destination as a whole is away (contract, G5). */
export interface CircuitSettings {
  readonly failuresToOpen: number;
  readonly probeIntervalMs: number;
  /** Resolves when the destination takes writes. */
  readonly probe: () => Promise<void>;
  readonly changed: (open: boolean) => void;
}

export class Circuit {
  readonly #settings: CircuitSettings;
  #open = false;
  #failuresInARow = 0;
  #successes = 0;
  #closed = false;
  #timer: NodeJS.Timeout | null = null;

  constructor(settings: CircuitSettings) {
    this.#settings = settings;
  }

  get open(): boolean {
    return this.#open;
  }

  /** Grows with every success: a record's failures count against it only while others succeed. */
  get successes(): number {
    return this.#successes;
  }

  succeeded(): void {
    this.#successes += 1;
    this.#failuresInARow = 0;
  }

  /** A failure that may be the record's or the destination's. */
  failed(): void {
    this.#failuresInARow += 1;
    if (this.#failuresInARow >= this.#settings.failuresToOpen) this.trip();
  }

  /** The destination is away: nothing is sent until a probe succeeds. */
  trip(): void {
    if (this.#open) return;
    this.#open = true;
    this.#settings.changed(true);
    this.#schedule();
  }

  close(): void {
    this.#closed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  #schedule(): void {
    if (this.#closed) return;
    this.#timer = setTimeout(() => {
      this.#settings.probe().then(
        () => {
          this.#open = false;
          this.succeeded();
          this.#settings.changed(false);
        },
        () => this.#schedule(),
      );
    }, this.#settings.probeIntervalMs);
  }
}
