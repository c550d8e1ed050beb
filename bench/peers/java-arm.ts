import { join } from 'node:path';
import { requireStack } from '../../test/stack/requirements.ts';
import { serverFolder } from '../../test/stack/runs.ts';
import type { Arm, Figures } from '../harness.ts';
import type { KafkaLoad } from '../kafka-load.ts';
import { jarVersion, root } from '../machine.ts';
import { type Load, watchOver } from '../pipeline-arm.ts';
import { type Running, startProgram } from '../service-process.ts';
import type { Watched } from '../watch.ts';
import { type JavaBuild, mavenBuild } from './maven-build.ts';

/** The Java programs of bench/peers/java, which do the product's analytics work, as arms over a load of the product's. */

/** As much as the JVM of a small service has; peers-bench measured with the same. */
const HEAP = ['-Xms512m', '-Xmx512m'];

export type JavaProgram = 'PlainProgram' | 'StreamsProgram';

export interface JavaPeers {
  readonly build: JavaBuild;
  readonly versions: Readonly<Record<string, string>>;
}

/** Builds the programs; a text says why they cannot be had. */
export function javaPeers(): JavaPeers | string {
  const missing = requireStack(['kafka']);
  if (missing !== undefined) return missing.replace(/^kafka/, 'the Java peers');
  const build = mavenBuild(join(root, 'bench', 'peers', 'java'));
  if (typeof build === 'string') return build;
  const artifacts = ['kafka-streams', 'kafka-clients', 'jackson-databind', 'java-driver-core'];
  const versions = Object.fromEntries(artifacts.map((name) => [name, jarVersion(build.jars, name)]));
  return { build, versions };
}

export interface JavaRun {
  readonly peers: JavaPeers;
  readonly program: JavaProgram;
  readonly kafka: KafkaLoad;
  readonly load: Load;
  readonly group: string;
  readonly output: string;
  readonly deadLetters: string;
  readonly threads: number;
  /** Further `name=value` arguments. */
  readonly more?: readonly string[];
}

/** Starts a program over a load, as a process of its own. */
export function startJava(run: JavaRun): Running {
  const { peers, program, kafka, load } = run;
  return startProgram(program, 'java', [
    ...HEAP,
    '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn',
    '-cp',
    peers.build.classpath,
    `openframe.peers.${program}`,
    `bootstrap=${kafka.address}`,
    `in=${load.topic}`,
    `sites=${load.prefix}.public.clients_site`,
    `organisations=${load.prefix}.public.clients_client`,
    `out=${run.output}`,
    `dlq=${run.deadLetters}`,
    `group=${run.group}`,
    `threads=${run.threads}`,
    `state=${serverFolder('streams-state')}`,
    ...(run.more ?? []),
  ]);
}

export interface JavaArmSpec {
  readonly name: string;
  readonly peers: JavaPeers;
  readonly program: JavaProgram;
  readonly threads: number;
  readonly kafka: KafkaLoad;
  readonly load: () => Promise<Load>;
  readonly more?: readonly string[];
  /** A server whose CPU is told, too. */
  readonly serverPid?: number;
}

/** A program over a load, seen from outside as the product is. */
export function javaArm(spec: JavaArmSpec): Arm {
  return {
    name: spec.name,
    measure: async () => {
      const { figures } = await measureJava(spec);
      return figures;
    },
  };
}

/** Topics that the programs write; as many partitions as the product's have. */
export const PEERS_OUTPUT = 'peers-device-analytics';
export const PEERS_DEAD_LETTERS = 'peers-device-analytics.DLQ';

export async function measureJava(spec: JavaArmSpec): Promise<Watched> {
  const load = await spec.load();
  const group = `bench-${spec.program}-${Date.now()}`;
  const topics = { output: PEERS_OUTPUT, deadLetters: PEERS_DEAD_LETTERS };
  const start = (): Running => startJava({ ...spec, ...topics, load, group });
  const watched = await watchOver(load, PEERS_OUTPUT, { ...spec, group, start });
  return { ...watched, figures: withoutMain(watched.figures) };
}

/** A JVM's main thread does nothing: the figure is the product's alone. */
function withoutMain({ main_us_per_record: _, ...rest }: Figures): Figures {
  return rest;
}
