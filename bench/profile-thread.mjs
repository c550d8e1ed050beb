// Preloaded into every thread of a profiled program: samples it for a while and writes the profile, whatever becomes of the thread.
import { mkdirSync, writeFileSync } from 'node:fs';
import { Session } from 'node:inspector';
import { join } from 'node:path';
import { isMainThread, threadId } from 'node:worker_threads';

const { BENCH_PROFILE_DIR: dir, BENCH_PROFILE_AFTER_MS: afterMs, BENCH_PROFILE_FOR_MS: forMs } = process.env;

if (dir !== undefined) {
  const session = new Session();
  session.connect();
  session.post('Profiler.enable');
  session.post('Profiler.setSamplingInterval', { interval: 500 });
  const start = setTimeout(() => {
    const cpu = process.cpuUsage();
    session.post('Profiler.start');
    const stop = setTimeout(() => {
      session.post('Profiler.stop', (error, result) => {
        if (error) return;
        mkdirSync(dir, { recursive: true });
        const name = isMainThread ? 'main' : `worker-${threadId}`;
        const { user, system } = process.cpuUsage(cpu);
        writeFileSync(join(dir, `${name}.cpuprofile`), JSON.stringify({ ...result.profile, cpuMicros: user + system }));
      });
    }, Number(forMs));
    stop.unref();
  }, Number(afterMs));
  start.unref();
}
