import type { SourceRecord } from '../shared/record.ts';
import type { FrameText, RecordFrameReader } from '../shared/record-frame.ts';

/** A record of a frame as the decoder sees it. Headers are parsed only when one is asked for. */
export class FrameRecord implements SourceRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly timestamp: number;
  readonly key: string | null;
  readonly value: string | null;
  readonly valuePrefix: string;
  readonly #reader: RecordFrameReader;
  readonly #index: number;
  #headers: [string, Buffer | null][] | null = null;

  constructor(
    reader: RecordFrameReader,
    index: number,
    topic: string,
    texts: { readonly key: FrameText; readonly prefix: FrameText; readonly value: FrameText },
  ) {
    this.topic = topic;
    this.partition = reader.partition(index);
    this.offset = reader.offset(index);
    this.timestamp = reader.timestamp(index);
    this.key = texts.key.text;
    this.value = texts.value.text;
    this.valuePrefix = texts.prefix.text ?? '';
    this.#reader = reader;
    this.#index = index;
  }

  header(name: string): string | undefined {
    this.#headers ??= this.#reader.headers(this.#index);
    const found = this.#headers.find(([header]) => header === name);
    return found === undefined ? undefined : (found[1]?.toString('utf8') ?? undefined);
  }
}
