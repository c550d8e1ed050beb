import type { Arm } from '../harness.ts';
import type { KafkaLoad } from '../kafka-load.ts';
import { type Load, watchOver } from '../pipeline-arm.ts';
import type { Running } from '../service-process.ts';

/** Topics that the peers write; as many partitions as the product's have. */
export const PEERS_OUTPUT = 'peers-device-analytics';
export const PEERS_DEAD_LETTERS = 'peers-device-analytics.DLQ';

/** What a peer reads, and where it writes. */
export interface PeerRun {
  readonly load: Load;
  readonly group: string;
  readonly output: string;
  readonly deadLetters: string;
}

export interface PeerArmSpec {
  readonly name: string;
  readonly kafka: KafkaLoad;
  readonly load: () => Promise<Load>;
  readonly start: (run: PeerRun) => Running;
  /** A server whose CPU is told, too. */
  readonly serverPid?: number;
}

/** A peer over a load, seen from outside as the product is. */
export function peerArm(spec: PeerArmSpec): Arm {
  return {
    name: spec.name,
    measure: async () => {
      const load = await spec.load();
      const group = `bench-${spec.name.replaceAll(/\W+/g, '-')}-${Date.now()}`;
      const run = { load, group, output: PEERS_OUTPUT, deadLetters: PEERS_DEAD_LETTERS };
      const { figures } = await watchOver(load, PEERS_OUTPUT, {
        ...spec,
        group,
        start: () => spec.start(run),
      });
      // A first thread that does all the rest is the product's alone.
      const { main_us_per_record: _, ...rest } = figures;
      return rest;
    },
  };
}
