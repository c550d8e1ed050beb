// Preloaded into every thread of a profiled program: samples it for a while and writes the profile, whatever becomes of the thread.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { Session } from 'node:inspector';
import { join } from 'node:path';
import { isMainThread, threadId } from 'node:worker_threads';

const { BENCH_PROFILE_DIR: dir, BENCH_PROFILE_AFTER_MS: afterMs, BENCH_PROFILE_FOR_MS: forMs } = process.env;

// Nanoseconds of CPU that this thread has had: its name for itself works from inside only.
const cpuMicros = () => Number(readFileSync('/proc/thread-self/schedstat', 'utf8').split(' ')[0]) / 1000;

if (dir !== undefined) {
  const session = new Session();
  session.connect();
  session.post('Profiler.enable');
  session.post('Profiler.setSamplingInterval', { interval: 500 });
  const start = setTimeout(() => {
    const before = cpuMicros();
    session.post('Profiler.start');
    const stop = setTimeout(() => {
      session.post('Profiler.stop', (error, result) => {
        if (error) return;
        mkdirSync(dir, { recursive: true });
        const name = isMainThread ? 'main' : `worker-${threadId}`;
        const profile = { ...result.profile, cpuMicros: cpuMicros() - before };
        writeFileSync(join(dir, `${name}.cpuprofile`), JSON.stringify(profile));
      });
    }, Number(forMs));
    stop.unref();
  }, Number(afterMs));
  start.unref();
}
