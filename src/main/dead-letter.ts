import type { DeadLetter } from '../shared/outcome.ts';
import { RecordFrameReader } from '../shared/record-frame.ts';
import { deadLetterTopic } from './source-topics.ts';

/** A record on its way to `<topic>.DLQ`: key, value, headers and timestamp byte for byte, with Kafka Connect's headers added. */
export interface DeadLetterRecord {
  readonly topic: string;
  readonly partition: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly timestamp: number;
  readonly headers: { [name: string]: Buffer | null }[];
}

/** Names that only main knows: what a topic id stands for and which connector writes a topic. */
export interface NameLookup {
  readonly topicOf: (topicId: number) => string;
  readonly connectorOf: (topic: string) => string;
}

const STACK_BYTES_MAX = 4096;

/**
 * Builds the dead letter from the source record's bytes, which are still in its frame. Header names are those of Kafka Connect's
 * DeadLetterQueueReporter, all values UTF-8 text.
 */
export function deadLetterRecord(
  frame: SharedArrayBuffer,
  letter: DeadLetter,
  names: NameLookup,
  worker: number,
): DeadLetterRecord {
  const reader = new RecordFrameReader(frame);
  const topic = names.topicOf(reader.topicId(letter.index));
  const partition = reader.partition(letter.index);
  const context: [string, string][] = [
    ['__connect.errors.topic', topic],
    ['__connect.errors.partition', String(partition)],
    ['__connect.errors.offset', String(reader.offset(letter.index))],
    ['__connect.errors.connector.name', names.connectorOf(topic)],
    ['__connect.errors.task.id', String(worker)],
    ['__connect.errors.stage', letter.stage],
    ['__connect.errors.class.name', 'openframe-stream'],
    ['__connect.errors.exception.class.name', letter.errorClass],
    ['__connect.errors.exception.message', letter.message],
    ['__connect.errors.exception.stacktrace', letter.stack.slice(0, STACK_BYTES_MAX)],
    ['openframe.dlq.code', letter.code],
    ['openframe.dlq.attempts', String(letter.attempts)],
    ['openframe.dlq.first-failed-at', new Date(letter.firstFailedAt).toISOString()],
  ];
  const added = new Set(context.map(([name]) => name));
  const headers = reader
    .headers(letter.index)
    // A dead letter that was replayed and failed again carries the newest failure only.
    .filter(([name]) => !added.has(name))
    .map(([name, value]): { [name: string]: Buffer | null } => ({ [name]: value }));
  for (const [name, value] of context) headers.push({ [name]: Buffer.from(value, 'utf8') });
  return {
    topic: deadLetterTopic(topic),
    partition,
    key: reader.key(letter.index),
    value: reader.value(letter.index),
    timestamp: reader.timestamp(letter.index),
    headers,
  };
}
