import { type HandoverAddon, loadAddon } from './native-addon.ts';

/**
 * The addon that is asked for, or null for the plain hand-over. One that cannot be used is said once, and the plain one does the same
 * work: a service that runs slower is better than one that does not start.
 */
export function openHandover(
  wanted: 'native' | 'plain',
  warn: (message: string) => void,
  load: typeof loadAddon = loadAddon,
): HandoverAddon | null {
  if (wanted === 'plain') return null;
  const addon = load();
  if (!('unusable' in addon)) return addon;
  warn(`the native hand-over is not used: ${addon.unusable}. Records go through node-rdkafka's objects`);
  return null;
}
