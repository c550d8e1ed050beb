import type { CapturedRecord } from '../../src/shared/record.ts';
import { seeded } from './trial.ts';

/** Records with their topics and partitions interleaved by chance, order within each partition kept, some of them sent again. */
export function shuffled(records: readonly CapturedRecord[], seed: number): CapturedRecord[] {
  const random = seeded(seed);
  const queues = new Map<string, CapturedRecord[]>();
  for (const record of records) {
    const name = `${record.topic}/${record.partition}`;
    const queue = queues.get(name);
    if (queue === undefined) queues.set(name, [record]);
    else queue.push(record);
  }
  const open = [...queues.values()].map((queue) => ({ queue, next: 0 }));
  const result: CapturedRecord[] = [];
  while (open.length > 0) {
    const index = Math.floor(random() * open.length);
    const lane = open[index];
    if (lane === undefined) break;
    // A connector that starts again sends what it had not noted yet.
    const back = isVersionedByOffset(lane.queue[0]) || random() > 0.05 ? 0 : Math.floor(random() * 5);
    lane.next = Math.max(0, lane.next - back);
    const record = lane.queue[lane.next];
    lane.next += 1;
    if (record === undefined) open.splice(index, 1);
    else result.push(record);
  }
  return result;
}

/** MongoDB's records are ordered by their offset: one that is sent again is a newer one to whoever reads it. */
function isVersionedByOffset(record: CapturedRecord | undefined): boolean {
  return record?.topic.startsWith('meshcentral.') === true;
}
