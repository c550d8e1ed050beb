import type { EntityName, Tool } from '../../../src/shared/entity.ts';
import type { Store } from '../../../src/workers/stores/store.ts';
import type { Actor, Turns } from './turns.ts';

/** A store as one process sees it: every answer takes a turn to the store and a turn back. */
export function turningStore(store: Store, turns: Turns, actor: Actor): Store {
  const turn = () => turns.wait(actor);
  const taking = async <T>(act: () => Promise<T>): Promise<T> => {
    await turn();
    const answer = await act();
    await turn();
    return answer;
  };
  const passing = async function* <T>(rows: AsyncIterable<T>): AsyncGenerator<T> {
    await turn();
    for await (const row of rows) yield row;
    await turn();
  };
  return {
    bucketOf: (id) => store.bucketOf(id),
    write: (mutations) => taking(() => store.write(mutations)),
    read: (entity, tool, ids) => taking(() => store.read(entity, tool, ids)),
    readWritten: (mutations) => taking(() => store.readWritten(mutations)),
    keepMoved: (move, kept) => taking(() => store.keepMoved(move, kept)),
    takeMoved: (move, id) => taking(() => store.takeMoved(move, id)),
    fillCarried: (id, move, columns, next) => taking(() => store.fillCarried(id, move, columns, next)),
    find: (entity: EntityName, tool: Tool | null, column, value) =>
      passing(store.find(entity, tool, column, value)),
    complete: (seen, columns) => taking(() => store.complete(seen, columns)),
    addWaiting: (waiting) => taking(() => store.addWaiting(waiting)),
    waiting: (reference) => taking(() => store.waiting(reference)),
    removeWaiting: (reference, rows) => taking(() => store.removeWaiting(reference, rows)),
    everyWaiting: () => passing(store.everyWaiting()),
    listDevice: (device) => taking(() => store.listDevice(device)),
    unlistDevice: (tool, organisation, id) => taking(() => store.unlistDevice(tool, organisation, id)),
    keepTruncation: (truncation) => taking(() => store.keepTruncation(truncation)),
    truncations: () => taking(() => store.truncations()),
    scan: (entity) => passing(store.scan(entity)),
    probe: () => taking(() => store.probe()),
    close: () => Promise.resolve(),
  };
}
