// Preloaded into every thread of a profiled program: samples it for a while and writes the profile, whatever becomes of the thread. The
// main thread also notes the CPU of all threads that run no JavaScript, and which of librdkafka's belong to which client.
import { mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { Session } from 'node:inspector';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { isMainThread, threadId } from 'node:worker_threads';

const { BENCH_PROFILE_DIR: dir, BENCH_PROFILE_AFTER_MS: afterMs, BENCH_PROFILE_FOR_MS: forMs } = process.env;
const TASKS = '/proc/self/task';

/** Nanoseconds are what the kernel keeps; a thread that has just ended had none. */
const microsOf = (thread) => {
  try {
    return Number(readFileSync(`${TASKS}/${thread}/schedstat`, 'utf8').split(' ')[0]) / 1000;
  } catch {
    return 0;
  }
};
const nameOf = (thread) => {
  try {
    return readFileSync(`${TASKS}/${thread}/comm`, 'utf8').trim();
  } catch {
    return '';
  }
};
const ownThread = readlinkSync('/proc/thread-self').split('/').at(-1);

/** librdkafka's thread to the class of the client that it works for. */
const clients = new Map();

// The names of librdkafka's threads do not tell a consumer's from a producer's. So clients connect one after another, and the threads that
// are new afterwards are the client's.
function tellClientsApart() {
  const Client = createRequire(join(process.cwd(), 'package.json'))('node-rdkafka/lib/client.js');
  const { connect } = Client.prototype;
  let before = Promise.resolve();
  Client.prototype.connect = function (options, done) {
    before = before.then(
      () =>
        new Promise((connected) => {
          connect.call(this, options, (...answer) => {
            for (const thread of readdirSync(TASKS))
              if (nameOf(thread).startsWith('rdk:') && !clients.has(thread))
                clients.set(thread, this.constructor.name);
            connected();
            done?.(...answer);
          });
        }),
    );
    return this;
  };
}

const allThreads = () => new Map(readdirSync(TASKS).map((thread) => [thread, microsOf(thread)]));

function threadsSince(before) {
  return [...allThreads()].map(([thread, micros]) => ({
    thread: Number(thread),
    name: nameOf(thread),
    client: clients.get(thread),
    cpuMicros: micros - (before.get(thread) ?? 0),
  }));
}

if (dir !== undefined) {
  if (isMainThread) tellClientsApart();
  const session = new Session();
  session.connect();
  session.post('Profiler.enable');
  session.post('Profiler.setSamplingInterval', { interval: 500 });
  const start = setTimeout(() => {
    const own = microsOf(ownThread);
    const all = isMainThread ? allThreads() : undefined;
    session.post('Profiler.start');
    const stop = setTimeout(() => {
      const cpuMicros = microsOf(ownThread) - own;
      const threads = all === undefined ? undefined : threadsSince(all);
      session.post('Profiler.stop', (error, result) => {
        if (error) return;
        mkdirSync(dir, { recursive: true });
        const name = isMainThread ? 'main' : `worker-${threadId}`;
        const profile = { ...result.profile, cpuMicros, thread: Number(ownThread) };
        writeFileSync(join(dir, `${name}.cpuprofile`), JSON.stringify(profile));
        if (threads !== undefined) writeFileSync(join(dir, 'threads.json'), JSON.stringify(threads));
      });
    }, Number(forMs));
    stop.unref();
  }, Number(afterMs));
  start.unref();
}
