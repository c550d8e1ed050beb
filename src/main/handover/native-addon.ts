import { createRequire } from 'node:module';
import Kafka, { type Producer as KafkaProducer } from 'node-rdkafka';
import { messageOf } from '../../shared/errors.ts';

/**
 * What native/src/addon.cc exports. Every object works for one job at a time and throws when it is asked for more, or after `close`;
 * `close` has to come before node-rdkafka disconnects the client.
 */
export interface HandoverAddon {
  /** `client`: the native client inside node-rdkafka's, connected. */
  readonly FrameConsumer: new (
    client: NativeClient,
    workers: number,
  ) => FrameConsumer;
  /** `topics`: names by the topic index of analytics frames; empty where there is none. */
  readonly FrameProducer: new (
    client: NativeClient,
    topics: readonly string[],
  ) => FrameProducer;
  /** librdkafka's text of one of its error codes. */
  readonly errorText: (code: number) => string;
  /** Ends the process without waiting for any of its threads. */
  readonly endProcess: (code: number) => void;
  /** Version of node-rdkafka whose headers it was compiled with. */
  readonly nodeRdkafka: string;
  /** Versions of librdkafka (0xMMmmrrxx): of the headers, and of the library in this process. */
  readonly compiledFor: number;
  readonly loaded: number;
}

export interface FrameConsumer {
  /** Worker of a partition, -1 for nobody any more: what is carried over of it is dropped. */
  assign(topic: string, topicId: number, partition: number, worker: number): void;
  /**
   * Empties the frames (one a worker, null: none now), puts carried and up to `max` new records into them, and calls back with rows
   * of ROW_NUMBERS numbers each. Waits up to `timeoutMs` for a first record.
   */
  fill(
    frames: readonly (SharedArrayBuffer | null)[],
    max: number,
    timeoutMs: number,
    callback: (rows: Float64Array) => void,
  ): void;
  /** Bytes that wait for a frame of this worker. */
  carriedBytes(worker: number): number;
  close(): void;
}

export interface FrameProducer {
  /**
   * Produces the entries of an analytics frame from entry `from` on. `next`: the entry to go on with because the queue was full, or
   * -1; `produced`: records by topic index; `refused`: pairs of an entry and librdkafka's code.
   */
  produceFrame(
    frame: SharedArrayBuffer,
    from: number,
    callback: (broken: boolean, next: number, produced: Float64Array, refused: Float64Array) => void,
  ): void;
  /** Produces one record; `partition` -1: by the key, `timestamp` 0: now, `headers` as `encodeHeaders` makes them. Answers 0 or librdkafka's code. */
  produce(
    topic: string,
    partition: number,
    timestamp: number,
    key: Uint8Array | null,
    value: Uint8Array | null,
    headers: Uint8Array,
  ): number;
  close(): void;
}

/** Kinds of rows that `fill` gives, in native/src/frame_consumer.h's order. */
export const ROW = { range: 0, end: 1, error: 2, oversize: 3 } as const;
/** kind, worker, topic id, partition, number, timestamp ms, records, bytes. `number`: last offset, end, error code, or bytes that an oversize record's frame needs. */
export const ROW_NUMBERS = 8;

/** node-rdkafka's own native object; nothing but the addon looks inside. */
export type NativeClient = object;

/** From src/main/handover and from dist/main/handover alike. */
const ADDON = '../../../native/build/Release/handover.node';

/** The addon, or why it cannot be used: then the plain hand-over does the same work. */
export function loadAddon(
  load: () => unknown = () => createRequire(import.meta.url)(ADDON),
): HandoverAddon | { readonly unusable: string } {
  let addon: HandoverAddon;
  try {
    // Touched first: its librdkafka has to be in the process before the addon looks for one.
    void Kafka.librdkafkaVersion;
    addon = load() as HandoverAddon;
  } catch (error) {
    const reason = messageOf(error).split('\n')[0] ?? '';
    return {
      unusable: `it cannot be loaded (${reason}); "npm run build:native" compiles it and says what is missing`,
    };
  }
  const { version } = createRequire(import.meta.url)('node-rdkafka/package.json') as { version: string };
  if (addon.nodeRdkafka !== version)
    return rebuild(`it was compiled for node-rdkafka ${addon.nodeRdkafka}, and ${version} is installed`);
  if (addon.compiledFor !== addon.loaded)
    return rebuild(
      `it was compiled for librdkafka 0x${addon.compiledFor.toString(16)}, and 0x${addon.loaded.toString(16)} is loaded`,
    );
  return addon;
}

function rebuild(why: string): { readonly unusable: string } {
  return { unusable: `${why}; "npm run build:native" compiles it anew` };
}

/** The native client of node-rdkafka's: a property that its types leave out. */
export function nativeClient(client: KafkaProducer | Kafka.KafkaConsumer): NativeClient {
  return (client as unknown as { readonly _client: NativeClient })._client;
}
