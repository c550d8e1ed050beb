// The other end of the hand-over bench: answers every batch at once with the result of a plain one. Under Piscina its exports run; bare,
// it answers messages. A timer can tick beside that, as a Cassandra session's do: whether it kept ticking tells whether the loop turned.
import { parentPort, workerData } from 'node:worker_threads';

const TICK_MS = 5;
let ticks = 0;
let timer;

export default function answer() {
  return {
    deadLetters: [],
    outcomes: { written: 400 },
    counters: { 'referenceLookups:hit': 800, 'referenceLookups:miss': 0 },
    stages: { decode: 0.0048, enrich: 0.0016, encode: 0.0038, write: 0.0001 },
    notices: [],
    followUps: [],
  };
}

/** Starts the timer, or stops it, and says how often it has ticked: while nothing asks, threads of other arms must cost nothing. */
export function ticked() {
  if (timer === undefined) {
    ticks = 0;
    timer = setInterval(() => {
      ticks += 1;
    }, TICK_MS);
  } else {
    clearInterval(timer);
    timer = undefined;
  }
  return { ticks, tickMs: TICK_MS };
}

if (workerData?.bare === true) {
  parentPort.on('message', (message) => {
    if (message === 'ticked') parentPort.postMessage(ticked());
    else parentPort.postMessage(message === 0 ? 0 : answer());
  });
}
