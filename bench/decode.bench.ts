import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { toSourceRecord } from '../src/shared/captured-record.ts';
import type { SourceRecord } from '../src/shared/record.ts';
import { createDecoder, type Decoder } from '../src/workers/decode.ts';
import { capturedFile, SOURCES } from './captures.ts';
import { type CheckInOptions, CheckIns, START_MS } from './generate.ts';
import { type Arm, type BenchOptions, type OpenSubject, type Subject, timed, workMs } from './harness.ts';
import { root } from './machine.ts';

/** Text to mutation, for the captured records of each tool and for the generated check-ins. */
export const decode: Subject = {
  name: 'decode',
  about: 'decoding of captured records by tool, and of check-ins, with and without their schema',
  shown: ['us_per_record', 'cpu_us_per_record', 'bytes_per_record'],
  rounds: 5,
  warmUp: true,
  smoke: true,
  open: (options) => Promise.resolve(open(options)),
};

const CAPTURES: readonly (readonly [arm: string, folder: string])[] = [
  ['tactical', 'tactical-postgres-cdc'],
  ['tactical, schema', 'with-schema/tactical-postgres-cdc'],
  ['fleet', 'fleetmdm-mysql-cdc'],
  ['fleet, schema', 'with-schema/fleetmdm-mysql-cdc'],
  ['meshcentral', 'meshcentral-mongodb-cdc'],
  ['authentik', 'authentik-postgres-cdc'],
  ['authentik, schema', 'with-schema/authentik-postgres-cdc'],
];

function open(options: BenchOptions): OpenSubject {
  const decoder = createDecoder({ sources: SOURCES, now: Date.now });
  const forMs = workMs(options);
  const arm = (name: string, records: readonly SourceRecord[]): Arm => ({
    name,
    measure: async () => ({
      ...(await timed(forMs, () => decodeAll(decoder, records))),
      bytes_per_record: records.reduce((sum, { value }) => sum + (value?.length ?? 0), 0) / records.length,
    }),
  });
  // With their schema, only some tables were captured: none of Authentik's that is mapped yet.
  const captures = CAPTURES.map(([name, folder]) => [name, changesIn(folder, decoder)] as const)
    .filter(([, records]) => records.length > 0)
    .map(([name, records]) => arm(name, records));
  return {
    arms: [
      arm('check-in', checkIns({})),
      arm('check-in, whole row', checkIns({ wholeRow: true })),
      arm('check-in, schema', checkIns({ schema: true })),
      ...captures.filter((_, index) => !options.smoke || index < 2),
    ],
    settings: { captures: 'records that are decoded to changes, in their order' },
  };
}

function decodeAll(decoder: Decoder, records: readonly SourceRecord[]): number {
  for (const record of records) decoder.decode(record);
  return records.length;
}

/** The records of a folder that hold a change: a tombstone costs nothing and would only flatter. */
function changesIn(folder: string, decoder: Decoder): SourceRecord[] {
  const files = readdirSync(join(root, 'test', 'fixtures', folder)).filter((name) => name.endsWith('.jsonl'));
  return files
    .flatMap((file) => capturedFile(join(folder, file)))
    .map(toSourceRecord)
    .filter((record) => decoder.decode(record).kind === 'changes');
}

function checkIns(options: Partial<CheckInOptions>): SourceRecord[] {
  const source = new CheckIns({ keys: 20_000, ...options });
  return Array.from({ length: 500 }, (_, index) => {
    const { key, value } = source.record(index);
    const record = { topic: source.topic, partition: 0, offset: index, timestamp: START_MS, headers: [] };
    return toSourceRecord({ ...record, key, value });
  });
}
