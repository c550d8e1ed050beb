import { join } from 'node:path';
import { requireStack } from '../../test/stack/requirements.ts';
import { serverFolder } from '../../test/stack/runs.ts';
import type { Arm } from '../harness.ts';
import type { KafkaLoad } from '../kafka-load.ts';
import { jarVersion, root } from '../machine.ts';
import type { Load } from '../pipeline-arm.ts';
import { type Running, startProgram } from '../service-process.ts';
import { type JavaBuild, mavenBuild } from './maven-build.ts';
import { type PeerRun, peerArm } from './peer-arm.ts';

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

export interface JavaRun extends PeerRun {
  readonly peers: JavaPeers;
  readonly program: JavaProgram;
  readonly kafka: KafkaLoad;
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
  return peerArm({ ...spec, start: (run) => startJava({ ...spec, ...run }) });
}
