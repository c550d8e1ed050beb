import { KafkaTopics } from '../../test/stack/kafka-topics.ts';
import type { KafkaLoad } from '../kafka-load.ts';
import { applyTopics, type Load, makeLoad, OUTPUT } from '../pipeline-arm.ts';
import { logTail, type Running, startService } from '../service-process.ts';
import { type ConnectPeer, startConnect } from './connect-arm.ts';
import { guardedRecords } from './guarded-records.ts';
import { type JavaPeers, startJava } from './java-arm.ts';
import type { PeerRun } from './peer-arm.ts';

/**
 * Shows that the peers do the product's work before anything is timed: all of them read one topic, and every field of every record
 * that they produce has to be the product's, `processed_at` aside, and every dead letter too.
 */

const RECORDS = 20_000;
const WITHIN_MS = 120_000;
const CHECK_MS = 500;
/** When the record was made. */
const OWN = 'processed_at';

export interface Produced {
  readonly records: readonly KeyedText[];
  readonly deadLetters: readonly KeyedText[];
}

export interface KeyedText {
  readonly key: string;
  readonly value: string;
}

interface Peer {
  readonly name: string;
  start(run: PeerRun): Running;
}

/** What there is of each kind; of Connect a text, where it cannot be had. */
export interface Built {
  readonly java: JavaPeers;
  readonly connect: ConnectPeer | string;
}

function peersOf(kafka: KafkaLoad, { java, connect }: Built): Peer[] {
  const threads = 2;
  const programs = (['PlainProgram', 'StreamsProgram'] as const).map((program) => ({
    name: program,
    start: (run: PeerRun): Running => startJava({ peers: java, program, kafka, threads, ...run }),
  }));
  if (typeof connect === 'string') return programs;
  const start = (run: PeerRun): Running => startConnect({ connect, kafka, threads, ...run });
  return [...programs, { name: 'RedpandaConnect', start }];
}

/** Throws at the first difference; answers what to say of the comparison. */
export async function verifyPeers(
  kafka: KafkaLoad,
  built: Built,
  config: Readonly<Record<string, unknown>>,
): Promise<string> {
  const load = await makeLoad(kafka, RECORDS, { keys: 400 });
  for (const record of guardedRecords(load.prefix)) await kafka.send(load.topic, record, null);
  await kafka.flush();
  applyTopics(kafka, load);
  const peers = peersOf(kafka, built);
  const topics = await KafkaTopics.connect(kafka.address);
  try {
    const group = `verify-product-${Date.now()}`;
    const service = startService({ kafka: kafka.address, group, workers: 2, prefix: load.prefix, config });
    await toTheEnd(topics, service, group, load);
    const expected = await produced(topics, OUTPUT, `${load.topic}.DLQ`);
    for (const { name, start } of peers) {
      const output = `verify-${name}`;
      const deadLetters = `${output}.DLQ`;
      for (const topic of [output, deadLetters]) await kafka.createTopic(topic, load.partitions);
      const own = `${output}-${Date.now()}`;
      await toTheEnd(topics, start({ load, group: own, output, deadLetters }), own, load);
      const difference = differenceOf(expected, await produced(topics, output, deadLetters));
      if (difference !== undefined) throw new Error(`${name} differs from the product: ${difference}`);
    }
    const { records, deadLetters } = expected;
    const names = peers.map(({ name }) => name).join(', ');
    return `Verified first: every field of ${records.length} records and ${deadLetters.length} dead letters equal (${names}).`;
  } finally {
    await topics.close();
  }
}

/** Lets a program commit the end of its input, and ends it. */
async function toTheEnd(topics: KafkaTopics, running: Running, group: string, load: Load): Promise<void> {
  try {
    let failure: string | undefined;
    const watching = setInterval(() => {
      const end = running.ended();
      if (end !== undefined) failure ??= `${group} ended with ${end}:\n${logTail(running)}`;
    }, CHECK_MS);
    try {
      await topics.untilCommitted(group, [load.topic], { withinMs: WITHIN_MS });
    } catch (error) {
      throw failure === undefined ? error : new Error(failure);
    } finally {
      clearInterval(watching);
    }
  } finally {
    await running.stop();
  }
}

async function produced(topics: KafkaTopics, output: string, deadLetters: string): Promise<Produced> {
  const texts = async (topic: string): Promise<KeyedText[]> =>
    (await topics.read(topic)).map(({ key, value }) => ({ key: String(key), value: String(value) }));
  return { records: await texts(output), deadLetters: await texts(deadLetters) };
}

/** The first difference, with the record and the field; undefined when there is none. */
export function differenceOf(expected: Produced, actual: Produced): string | undefined {
  const letters = (of: Produced): string[] =>
    of.deadLetters.map(({ key, value }) => `${key} ${value}`).sort();
  const [mine, theirs] = [letters(expected), letters(actual)];
  const missing = mine.find((text) => !theirs.includes(text)) ?? theirs.find((text) => !mine.includes(text));
  if (missing !== undefined) {
    const side = mine.includes(missing) ? 'only the product has' : 'the product has not';
    return `a dead letter that ${side}: ${missing.slice(0, 300)}`;
  }
  if (mine.length !== theirs.length) return `${theirs.length} dead letters instead of ${mine.length}`;
  return differenceOfRecords(byChange(expected.records), byChange(actual.records));
}

type Fields = Readonly<Record<string, unknown>>;

function differenceOfRecords(
  expected: ReadonlyMap<string, readonly Fields[]>,
  actual: ReadonlyMap<string, readonly Fields[]>,
): string | undefined {
  for (const [change, records] of expected) {
    const others = actual.get(change) ?? [];
    if (others.length !== records.length)
      return `${change} came ${others.length} times instead of ${records.length}`;
    for (const [index, fields] of records.entries()) {
      const difference = differenceOfFields(fields, others[index] ?? {});
      if (difference !== undefined) return `${change}: ${difference}`;
    }
  }
  const more = [...actual.keys()].find((change) => !expected.has(change));
  return more === undefined ? undefined : `${more} is not among the product's`;
}

function differenceOfFields(expected: Fields, actual: Fields): string | undefined {
  for (const name of new Set([...Object.keys(expected), ...Object.keys(actual)])) {
    if (name === OWN) {
      if (typeof expected[name] === 'number' && typeof actual[name] === 'number') continue;
      return `field ${name} is no number`;
    }
    const [mine, theirs] = [shown(expected[name]), shown(actual[name])];
    if (mine !== theirs) return `field ${name} is ${theirs.slice(0, 200)} instead of ${mine.slice(0, 200)}`;
  }
  return undefined;
}

function shown(value: unknown): string {
  return value === undefined ? 'absent' : JSON.stringify(value);
}

/** By key and version; changes that share both in the order of their fields, in whatever order a program writes them. */
function byChange(records: readonly KeyedText[]): Map<string, Fields[]> {
  const ordered = records
    .map(({ key, value }) => ({ key, fields: JSON.parse(value) as Fields }))
    .map((one) => ({ ...one, order: orderOf(one.fields) }))
    .sort((one, other) => (one.order < other.order ? -1 : 1));
  const changes = new Map<string, Fields[]>();
  for (const { key, fields } of ordered) {
    const change = `${key} at version ${String(fields.version)}`;
    const known = changes.get(change);
    if (known === undefined) changes.set(change, [fields]);
    else known.push(fields);
  }
  return changes;
}

function orderOf(fields: Fields): string {
  return JSON.stringify(
    Object.entries(fields)
      .filter(([name]) => name !== OWN)
      .sort(),
  );
}
