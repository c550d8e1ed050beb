import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { serverFolder } from '../../test/stack/runs.ts';
import type { Arm } from '../harness.ts';
import type { KafkaLoad } from '../kafka-load.ts';
import { jarVersion, root } from '../machine.ts';
import { startProgram } from '../service-process.ts';
import { watch } from '../watch.ts';
import { mavenBuild } from './maven-build.ts';

/**
 * The Kafka Streams program of `peers-bench`, which does less than the product: parse the envelope, take the row, add the organisation
 * of its site, write JSON, commit; over records of its own, of about the same size. The programs of bench/peers/java do the product's work.
 */
export interface Peer {
  readonly version: string;
  readonly records: number;
  arm(name: string): Arm;
}

const INPUT = 'peers-in';
const OUTPUT = 'peers-out';
const PARTITIONS = 12;
const HEAP = ['-Xms512m', '-Xmx512m'];

/** Builds the program, fills its input topic and answers it; a text says why there is none. */
export async function preparePeer(kafka: KafkaLoad, records: number): Promise<Peer | string> {
  const source = join(process.env.PEERS_BENCH ?? join(root, '..', 'shared', 'peers-bench'), 'java');
  if (!existsSync(join(source, 'pom.xml')))
    return 'the peer is not there: set PEERS_BENCH to the folder peers-bench';
  const build = mavenBuild(source);
  if (typeof build === 'string') return build;
  const { classpath } = build;
  java(classpath, ['peers.Gen', 'gen', kafka.address, INPUT, String(records), String(PARTITIONS), 'lz4']);
  await kafka.createTopic(OUTPUT, PARTITIONS);
  return {
    records,
    version: jarVersion(build.jars, 'kafka-streams'),
    arm: (name) => ({ name, measure: () => measure(kafka, classpath, records) }),
  };
}

async function measure(kafka: KafkaLoad, classpath: string, records: number) {
  const group = `bench-streams-${Date.now()}`;
  const before = await kafka.ends(OUTPUT, PARTITIONS);
  const state = `-Djava.io.tmpdir=${serverFolder('streams-state')}`;
  const program = ['peers.StreamsPipe', kafka.address, INPUT, OUTPUT, group, '2', 'at_least_once', 'lz4'];
  const running = startProgram('streams', 'java', [
    ...HEAP,
    state,
    '-cp',
    classpath,
    ...program,
    'commit.interval.ms=1000',
  ]);
  try {
    const { figures } = await watch(running, {
      kafka,
      group,
      input: INPUT,
      output: OUTPUT,
      partitions: { input: PARTITIONS, output: PARTITIONS },
      records,
      outputBefore: before.high,
    });
    // Its main thread does nothing: the figure is ours alone.
    const { main_us_per_record: _, ...rest } = figures;
    return rest;
  } finally {
    await running.stop();
  }
}

function java(classpath: string, args: readonly string[]): void {
  const result = spawnSync('java', ['-Xmx512m', '-cp', classpath, ...args], { encoding: 'utf8' });
  if (result.status !== 0) throw new Error(`${args[0]} ${args[1]}: ${result.stdout}${result.stderr}`);
}
