import type { SharedBoard } from './worker-protocol.ts';

/**
 * Words of shared memory by which threads tell each other small things without a message: who holds a bucket, whose circuit is
 * open, which reference changed.
 */
const LOCKS = 4096;
/**
 * Many, because a changed reference puts every other one of its word out of the caches, and each new device moves three words on. With
 * as few words as there are devices none would stay known while the others come: 4 MiB.
 */
const EPOCHS = 1_048_576;

export function createBoard(workers: number): SharedBoard {
  return {
    circuits: new SharedArrayBuffer(workers * Int32Array.BYTES_PER_ELEMENT),
    bucketLocks: new SharedArrayBuffer(LOCKS * Int32Array.BYTES_PER_ELEMENT),
    referenceEpochs: new SharedArrayBuffer(EPOCHS * Int32Array.BYTES_PER_ELEMENT),
  };
}

/** FNV-1a over UTF-16 code units, 32 bits: which word a name has. Nothing stored depends on it. */
export function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return hash >>> 0;
}

/** At most one holder per process for each name; names that share a word wait for each other, which costs time and not truth. */
export class BucketLocks {
  readonly #words: Int32Array;

  constructor(board: SharedBoard) {
    this.#words = new Int32Array(board.bucketLocks);
  }

  tryLock(name: string): boolean {
    return Atomics.compareExchange(this.#words, this.#at(name), 0, 1) === 0;
  }

  unlock(name: string): void {
    Atomics.store(this.#words, this.#at(name), 0);
  }

  #at(name: string): number {
    return hashText(name) % this.#words.length;
  }
}

/** Tells every worker's cache that a reference changed: an entry is good while the word it was read under stands. */
export class ReferenceEpochs {
  readonly #words: Int32Array;

  constructor(board: SharedBoard) {
    this.#words = new Int32Array(board.referenceEpochs);
  }

  /** Where a name's word is. */
  placeOf(name: string): number {
    return hashText(name) % this.#words.length;
  }

  /** The word at a place. */
  at(place: number): number {
    return Atomics.load(this.#words, place);
  }

  current(name: string): number {
    return this.at(this.placeOf(name));
  }

  /** Answers the word as it is now. */
  advance(name: string): number {
    return (Atomics.add(this.#words, this.placeOf(name), 1) + 1) | 0;
  }
}

/** One worker's circuit to the store as main sees it. */
export class CircuitFlags {
  readonly #words: Int32Array;

  constructor(board: SharedBoard) {
    this.#words = new Int32Array(board.circuits);
  }

  set(worker: number, open: boolean): void {
    Atomics.store(this.#words, worker, open ? 1 : 0);
  }

  isOpen(worker: number): boolean {
    return Atomics.load(this.#words, worker) === 1;
  }

  get anyOpen(): boolean {
    for (let worker = 0; worker < this.#words.length; worker += 1) if (this.isOpen(worker)) return true;
    return false;
  }
}
