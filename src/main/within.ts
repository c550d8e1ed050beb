import { setTimeout as sleep } from 'node:timers/promises';

/** Whether a promise is kept in time. */
export async function within(ms: number, promise: Promise<void>): Promise<boolean> {
  const given = new AbortController();
  const kept = promise.then(() => true).finally(() => given.abort());
  return await Promise.race([kept, sleep(ms, false, { signal: given.signal }).catch(() => true)]);
}
