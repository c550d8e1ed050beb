import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { must } from '../src/shared/assert.ts';
import { parseCapturedRecord } from '../src/shared/captured-record.ts';
import type { CapturedRecord } from '../src/shared/record.ts';
import type { SourceDefinition } from '../src/shared/settings.ts';
import { root } from './machine.ts';

/** The tests' captured records, as benches use them. */

export const SOURCES: readonly SourceDefinition[] = [
  { name: 'tactical-postgres-cdc', tool: 'tactical-rmm', topicPrefix: 'tactical', epoch: 0 },
  { name: 'fleetmdm-mysql-cdc', tool: 'fleet-mdm', topicPrefix: 'fleetmdm', epoch: 0 },
  { name: 'meshcentral-mongodb-cdc', tool: 'meshcentral', topicPrefix: 'meshcentral', epoch: 0 },
  { name: 'authentik-postgres-cdc', tool: 'authentik', topicPrefix: 'authentik', epoch: 0 },
];

export function capturedFile(path: string): CapturedRecord[] {
  const file = join(root, 'test', 'fixtures', path);
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => parseCapturedRecord(line, path));
}

/** The value of the first record that holds a text. */
export function firstCaptured(path: string, holding: string): string {
  const value = capturedFile(path).find((record) => record.value?.includes(holding))?.value;
  return must(value, `record with ${holding} in ${path}`);
}
