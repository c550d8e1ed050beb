import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { serverFolder } from '../../test/stack/runs.ts';
import type { Arm } from '../harness.ts';
import type { KafkaLoad } from '../kafka-load.ts';
import { root } from '../machine.ts';
import type { Load } from '../pipeline-arm.ts';
import { type Running, startProgram } from '../service-process.ts';
import { siteMap } from './connect-references.ts';
import { type GoBuild, goBuild } from './go-build.ts';
import { type PeerRun, peerArm } from './peer-arm.ts';
import { referenceEntries } from './reference-file.ts';

/** Redpanda Connect with the pipe of bench/peers/connect, which does the product's analytics work, as an arm over a load of the product's. */

const SOURCE = join(root, 'bench', 'peers', 'connect');
/** A collection begins at five times what is live, and sooner than beyond the JVM's heap: Go's own default collects at twice. */
const MEMORY = { GOGC: '400', GOMEMLIMIT: '512MiB' };

export interface ConnectPeer {
  readonly build: GoBuild;
  readonly versions: Readonly<Record<string, string>>;
}

/** Builds Connect; a text says why it cannot be had. */
export function connectPeer(): ConnectPeer | string {
  const build = goBuild(SOURCE);
  if (typeof build === 'string') return build;
  const modules = readFileSync(join(SOURCE, 'go.mod'), 'utf8');
  const versionOf = (module: string): string =>
    new RegExp(`^\\s*\\S+/${module}/v4 v(\\S+)`, 'm').exec(modules)?.[1] ?? 'unknown';
  const versions = {
    'redpanda-connect': versionOf('connect'),
    benthos: versionOf('benthos'),
    go: build.goVersion,
  };
  return { build, versions };
}

export interface ConnectRun extends PeerRun {
  readonly connect: ConnectPeer;
  readonly kafka: KafkaLoad;
  readonly threads: number;
}

/** Starts Connect over a load, as a process of its own. */
export function startConnect(run: ConnectRun): Running {
  const references = join(serverFolder('connect-references'), 'sites.blobl');
  writeFileSync(references, siteMap(referenceEntries()));
  return startProgram('connect', run.connect.build.program, ['-c', join(SOURCE, 'pipe.yaml')], {
    ...MEMORY,
    GOMAXPROCS: String(run.threads),
    BOOTSTRAP: run.kafka.address,
    GROUP: run.group,
    IN: run.load.topic,
    OUT: run.output,
    DLQ: run.deadLetters,
    THREADS: String(run.threads),
    CONVERSIONS: join(SOURCE, 'conversions.blobl'),
    REFERENCES: references,
  });
}

export interface ConnectArmsSpec {
  /** A text says why there is none. */
  readonly peer: ConnectPeer | string;
  readonly kafka: KafkaLoad;
  readonly load: () => Promise<Load>;
  /** A server whose CPU is told, too. */
  readonly serverPid: number;
}

/** Connect over a load, seen from outside as the product is; no arm where it is not there. */
export function connectArms({ peer, ...spec }: ConnectArmsSpec): Arm[] {
  if (typeof peer === 'string') return [];
  const start = (run: PeerRun): Running =>
    startConnect({ connect: peer, kafka: spec.kafka, threads: 2, ...run });
  return [peerArm({ name: 'Redpanda Connect, 2 threads', start, ...spec })];
}

export function connectVersions(peer: ConnectPeer | string): Readonly<Record<string, string>> {
  return typeof peer === 'string' ? {} : peer.versions;
}
