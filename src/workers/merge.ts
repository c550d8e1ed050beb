/** What several generators give, as it comes; at most `limit` of them run at a time. Ends all of them when one fails. */
export async function* merged<T, S>(
  sources: Iterable<S>,
  open: (source: S) => AsyncGenerator<T>,
  limit: number,
): AsyncGenerator<T> {
  const waiting = sources[Symbol.iterator]();
  const running = new Map<AsyncGenerator<T>, Promise<Step<T>>>();
  const begin = (): void => {
    const next = waiting.next();
    if (next.done === true) return;
    const generator = open(next.value);
    running.set(generator, step(generator));
  };
  for (let count = 0; count < limit; count += 1) begin();
  try {
    while (running.size > 0) {
      const { generator, result } = await Promise.race(running.values());
      if (result.done === true) {
        running.delete(generator);
        begin();
        continue;
      }
      running.set(generator, step(generator));
      yield result.value;
    }
  } finally {
    const rest = [...running.values()];
    running.clear();
    await Promise.allSettled(rest);
  }
}

interface Step<T> {
  readonly generator: AsyncGenerator<T>;
  readonly result: IteratorResult<T, unknown>;
}

async function step<T>(generator: AsyncGenerator<T>): Promise<Step<T>> {
  return { generator, result: await generator.next() };
}
