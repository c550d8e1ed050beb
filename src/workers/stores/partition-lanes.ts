import type { EntityName, Tool } from '../../shared/entity.ts';

/** A partition of an entity's table. */
export function partitionName(entity: EntityName, tool: Tool, bucket: number): string {
  return `${entity}|${tool}|${bucket}`;
}

/**
 * One conditional statement at a time per Cassandra partition: two of this process would only make each other's Paxos round fail and
 * wait (measured: 512 at once on one partition take 2.5 s each and time out in part).
 */
export class PartitionLanes {
  readonly #tails = new Map<string, Promise<unknown>>();

  /** Runs the task after every earlier one of the same partition, whatever became of those. */
  async run<T>(partition: string, task: () => Promise<T>): Promise<T> {
    const before = this.#tails.get(partition);
    const result = before === undefined ? task() : before.then(task, task);
    this.#tails.set(partition, result);
    try {
      return await result;
    } finally {
      if (this.#tails.get(partition) === result) this.#tails.delete(partition);
    }
  }
}
