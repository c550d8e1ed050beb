import type { Mutation, WriteOutcome } from '../../shared/mutation.ts';
import { bucketOfId } from './row.ts';
import type { Row, RowKey, Store, Truncation } from './store.ts';

/** No canonical state: everything counts as written and nothing is ever found. */
export class NoStore implements Store {
  readonly #buckets: number;

  constructor(buckets: number) {
    this.#buckets = buckets;
  }

  bucketOf(id: string): number {
    return bucketOfId(id, this.#buckets);
  }

  write(mutations: readonly Mutation[]): Promise<WriteOutcome[]> {
    return Promise.resolve(mutations.map(() => 'written'));
  }

  read(): Promise<Map<string, Row>> {
    return Promise.resolve(new Map());
  }

  readWritten(): Promise<Map<string, Row>> {
    return Promise.resolve(new Map());
  }

  keepMoved(): Promise<readonly string[]> {
    return Promise.resolve([]);
  }

  takeMoved(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  fillCarried(): Promise<void> {
    return Promise.resolve();
  }

  async *find(): AsyncIterable<Row> {
    // Nothing is kept.
  }

  complete(): Promise<boolean> {
    return Promise.resolve(true);
  }

  addWaiting(): Promise<void> {
    return Promise.resolve();
  }

  waiting(): Promise<readonly RowKey[]> {
    return Promise.resolve([]);
  }

  removeWaiting(): Promise<void> {
    return Promise.resolve();
  }

  keepTruncation(): Promise<void> {
    return Promise.resolve();
  }

  truncations(): Promise<readonly Truncation[]> {
    return Promise.resolve([]);
  }

  async *everyWaiting(): AsyncGenerator<never> {
    // Nothing waits.
  }

  listDevice(): Promise<void> {
    return Promise.resolve();
  }

  unlistDevice(): Promise<void> {
    return Promise.resolve();
  }

  async *scan(): AsyncIterable<Row> {
    // Nothing is kept.
  }

  probe(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
