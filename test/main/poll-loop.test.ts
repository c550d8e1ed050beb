import { expect, test } from 'vitest';
import { SILENT_OBSERVER } from '../../src/main/observer.ts';
import { PollLoop, type PollParts } from '../../src/main/poll-loop.ts';

const SETTINGS = { pollRecordsMax: 500, pollBytesMax: 2 * 1024 * 1024, resumeBelowBytes: 1000 };

/** Runs the loop for some calls of `take` over a dispatcher in this state, and tells what it asked for and for how long it waited. */
async function polls(calls: number, state: { readonly full: boolean; readonly canTake: boolean }, waits = 0) {
  const asked: number[] = [];
  const rooms: number[] = [];
  const parts = {
    intake: {
      take: (max: number) => {
        asked.push(max);
        return Promise.resolve({ records: 1, bytes: 1024, seconds: 0 });
      },
    },
    dispatcher: {
      isFull: () => state.full,
      canTake: state.canTake,
      room: async (ms: number) => {
        rooms.push(ms);
        await new Promise((resolve) => setTimeout(resolve, waits));
      },
    },
    backpressure: { regulate: () => undefined },
    observer: SILENT_OBSERVER,
    log: () => undefined,
  };
  // The loop uses these members only.
  await new PollLoop(SETTINGS, parts as unknown as PollParts).run(() => asked.length === calls);
  return { asked, rooms };
}

test('a loop with room polls for as many records as it may', async () => {
  expect(await polls(2, { full: false, canTake: false })).toEqual({ asked: [500, 500], rooms: [] });
});

test('a full loop with a free slot dispatches what waits at once, without polling for more', async () => {
  expect(await polls(3, { full: true, canTake: true })).toEqual({ asked: [0, 0, 0], rooms: [] });
});

test('a full loop without a slot waits for one, and polls when that takes too long for its membership', async () => {
  expect(await polls(1, { full: true, canTake: false }, 10)).toEqual({ asked: [0], rooms: [250] });
  expect(await polls(1, { full: true, canTake: false }, 260)).toEqual({ asked: [500], rooms: [250] });
});
