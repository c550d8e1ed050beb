import { fileURLToPath } from 'node:url';
import { capturedFiles, readCapturedFile } from '../../src/shared/captured-record.ts';
import type { CapturedRecord } from '../../src/shared/record.ts';
import type { SourceDefinition } from '../../src/shared/settings.ts';

/** The captures under test/fixtures, and the connectors that made them. */

export const SOURCES: readonly SourceDefinition[] = [
  { name: 'tactical-postgres-cdc', tool: 'tactical-rmm', topicPrefix: 'tactical', epoch: 0 },
  { name: 'fleetmdm-mysql-cdc', tool: 'fleet-mdm', topicPrefix: 'fleetmdm', epoch: 0 },
  { name: 'meshcentral-mongodb-cdc', tool: 'meshcentral', topicPrefix: 'meshcentral', epoch: 0 },
  { name: 'authentik-postgres-cdc', tool: 'authentik', topicPrefix: 'authentik', epoch: 0 },
];

export const MAIN_CAPTURES = SOURCES.map((source) => source.name);

export function fixture(path: string): string {
  return fileURLToPath(new URL(`../fixtures/${path}`, import.meta.url));
}

/** All records of a folder or file, topic after topic. */
export async function captured(path: string): Promise<CapturedRecord[]> {
  const records: CapturedRecord[] = [];
  for (const file of await capturedFiles([fixture(path)])) {
    for await (const record of readCapturedFile(file)) records.push(record);
  }
  return records;
}
