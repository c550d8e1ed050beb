import { loadAddon } from './handover/native-addon.ts';

/**
 * Ends the process at once, whatever is still under way. `process.exit` waits for the threads of libuv's pool, and one of them may be
 * waiting inside of librdkafka for a broker that is gone. Without the addon only a signal ends it, and the exit code is lost.
 */
export function endProcess(code: number): void {
  const addon = loadAddon();
  if (!('unusable' in addon)) addon.endProcess(code);
  process.kill(process.pid, 'SIGKILL');
}
