import { SingleBar } from 'cli-progress';

export interface Progress {
  update(done: number): void;
  stop(): void;
}

const SILENT: Progress = { update: () => {}, stop: () => {} };

/**
 * Progress on stderr of a terminal; silent in a pipe, so that logs hold no half lines. Without a total it shows a count.
 */
export function startProgress(
  what: string,
  total: number | undefined,
  stream: NodeJS.WriteStream = process.stderr,
): Progress {
  if (!stream.isTTY) return SILENT;
  const format =
    total === undefined
      ? `${what} {value} ({duration_formatted})`
      : `${what} {bar} {value}/{total} ({eta_formatted} left)`;
  const bar = new SingleBar({
    stream,
    format,
    barsize: 30,
    hideCursor: true,
    clearOnComplete: true,
    etaBuffer: 50,
    fps: 5,
  });
  bar.start(total ?? Number.MAX_SAFE_INTEGER, 0);
  return { update: (done) => bar.update(done), stop: () => bar.stop() };
}
