export interface Signals {
  /** Resolves with the first signal. */
  readonly first: Promise<NodeJS.Signals>;
  /** From now on signals do what they do by default. */
  readonly forget: () => void;
}

type SignalListener = (signal: NodeJS.Signals) => void;

/** What of `process` is needed. */
interface SignalSource {
  on(name: NodeJS.Signals, listener: SignalListener): unknown;
  off(name: NodeJS.Signals, listener: SignalListener): unknown;
}

const HEARD: readonly NodeJS.Signals[] = ['SIGTERM', 'SIGINT'];

/**
 * Hears of signals; whoever signals twice does not want to wait. One listener for both: Node drops a signal that came while the first
 * one's listener was being replaced, as two do that come while the thread is busy.
 */
export function hearSignals(again: () => void, source: SignalSource = process): Signals {
  let heard = false;
  let listener: SignalListener = () => undefined;
  const first = new Promise<NodeJS.Signals>((resolve) => {
    listener = (signal) => {
      if (heard) again();
      heard = true;
      resolve(signal);
    };
  });
  for (const name of HEARD) source.on(name, listener);
  return {
    first,
    forget: () => {
      for (const name of HEARD) source.off(name, listener);
    },
  };
}
