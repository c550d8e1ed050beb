import type { PipelineObserver } from '../main/observer.ts';
import { SILENT_OBSERVER } from '../main/observer.ts';
import type { Pipeline } from '../main/pipeline.ts';

const REFRESH_MS = 500;

/** One status line on stderr of a terminal while the service runs: records/s, lag, how far. Nothing in a pipe. */
export class RunProgress {
  readonly observer: PipelineObserver;
  readonly #stream: NodeJS.WriteStream;
  #acknowledged = 0;
  #timer: NodeJS.Timeout | null = null;

  constructor(stream: NodeJS.WriteStream = process.stderr) {
    this.#stream = stream;
    this.observer = {
      ...SILENT_OBSERVER,
      acknowledged: (records) => {
        this.#acknowledged += records;
      },
    };
  }

  start(pipeline: Pipeline): void {
    if (!this.#stream.isTTY) return;
    let last = { records: 0, at: performance.now() };
    this.#timer = setInterval(() => {
      const now = performance.now();
      const rate = ((this.#acknowledged - last.records) / (now - last.at)) * 1000;
      last = { records: this.#acknowledged, at: now };
      let lag = 0;
      for (const { lagRecords } of pipeline.lags()) lag += lagRecords ?? 0;
      const far = lag === 0 ? 'at the end' : rate > 0 ? `${Math.ceil(lag / rate)} s to the end` : 'waiting';
      const line = `${this.#acknowledged} records  ${Math.round(rate)}/s  lag ${lag}  ${far}${pipeline.outage ? '  store away' : ''}`;
      this.#stream.write(`\r\u001b[2K${line}`);
    }, REFRESH_MS);
  }

  stop(): void {
    if (this.#timer === null) return;
    clearInterval(this.#timer);
    this.#stream.write('\r\u001b[2K');
  }
}
