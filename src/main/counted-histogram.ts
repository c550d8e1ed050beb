interface Series {
  readonly labels: Readonly<Record<string, string>>;
  /** One more than there are limits: the last holds what is longer than all. */
  readonly counts: number[];
  sum: number;
}

interface Sample {
  readonly metricName: string;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
}

/**
 * A histogram whose observations were counted elsewhere: workers hand over counts per bucket, and prom-client's own histogram only
 * takes single observations. A registry asks nothing more of a metric than what is here.
 */
export class CountedHistogram {
  readonly type = 'histogram';
  readonly aggregator = 'sum';
  readonly name: string;
  readonly help: string;
  readonly #labelNames: readonly string[];
  readonly #limits: readonly number[];
  readonly #series = new Map<string, Series>();

  constructor(name: string, help: string, labelNames: readonly string[], limits: readonly number[]) {
    this.name = name;
    this.help = help;
    this.#labelNames = labelNames;
    this.#limits = limits;
  }

  /** `index` is that of the smallest limit that holds the observations, or the number of limits. */
  addToBucket(labelValues: readonly string[], index: number, count: number): void {
    const { counts } = this.#seriesOf(labelValues);
    counts[index] = (counts[index] ?? 0) + count;
  }

  addSum(labelValues: readonly string[], seconds: number): void {
    this.#seriesOf(labelValues).sum += seconds;
  }

  get(): { name: string; help: string; type: string; aggregator: string; values: Sample[] } {
    const values = [...this.#series.values()].flatMap((series) => this.#samples(series));
    return { name: this.name, help: this.help, type: this.type, aggregator: this.aggregator, values };
  }

  reset(): void {
    this.#series.clear();
  }

  #seriesOf(labelValues: readonly string[]): Series {
    const key = labelValues.join('\0');
    let series = this.#series.get(key);
    if (series === undefined) {
      const labels = Object.fromEntries(
        this.#labelNames.map((name, index) => [name, labelValues[index] ?? '']),
      );
      series = { labels, counts: new Array<number>(this.#limits.length + 1).fill(0), sum: 0 };
      this.#series.set(key, series);
    }
    return series;
  }

  #samples({ labels, counts, sum }: Series): Sample[] {
    let total = 0;
    const buckets = counts.map((count, index) => {
      total += count;
      return {
        metricName: `${this.name}_bucket`,
        labels: { ...labels, le: this.#limits[index] ?? '+Inf' },
        value: total,
      };
    });
    return [
      ...buckets,
      { metricName: `${this.name}_sum`, labels, value: sum },
      { metricName: `${this.name}_count`, labels, value: total },
    ];
  }
}
