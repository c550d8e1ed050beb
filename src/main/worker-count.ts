import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';

/**
 * Cores that this process may use. Node 20 counts the cores of its cpuset and does not see a container's CPU quota, which stands
 * in cgroup v2's `cpu.max` as `quota period` or `max period`.
 */
export function usableCores(
  readText: (path: string) => string = (path) => readFileSync(path, 'utf8'),
): number {
  const cores = availableParallelism();
  try {
    const [quota = '', period = ''] = readText('/sys/fs/cgroup/cpu.max').trim().split(' ');
    const limit = Number(quota) / Number(period);
    return Number.isFinite(limit) && limit > 0 ? Math.max(1, Math.min(cores, Math.floor(limit))) : cores;
  } catch {
    return cores;
  }
}

/** Worker threads to start: as configured, or (0) one less than the usable cores, at least one. */
export function workerCount(configured: number, cores = usableCores()): number {
  return configured > 0 ? configured : Math.max(1, cores - 1);
}
