import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { serverFolder } from '../../test/stack/runs.ts';
import { references } from '../generate.ts';

interface ReferenceRow {
  readonly after: { readonly id: number; readonly name: string; readonly client_id?: number };
}

/** A site or an organisation as the product's file provider reads it. */
export interface ReferenceEntry {
  readonly tool: string;
  readonly entity: 'site' | 'organisation';
  readonly id: string;
  readonly name: string;
  readonly organisation_id?: string;
}

/** The sites and organisations of the generated agents. */
export function referenceEntries(): ReferenceEntry[] {
  return references().map(({ topic, record }) => {
    const { after } = JSON.parse(record.value) as ReferenceRow;
    const named = { tool: 'tactical-rmm', id: String(after.id), name: after.name };
    return topic.endsWith('clients_site')
      ? { entity: 'site', ...named, organisation_id: String(after.client_id) }
      : { entity: 'organisation', ...named };
  });
}

/**
 * The sites and organisations of the generated agents as a file for the product's file provider (docs/providers.md). Without a store
 * a worker knows only the references whose partitions it has, and not before they came: half of the names would be missing, and the
 * product would be doing less than its peers, which read the topics of references to their ends before they begin.
 */
export function referenceConfig(): Readonly<Record<string, unknown>> {
  const path = join(serverFolder('references'), 'references.json');
  writeFileSync(path, JSON.stringify(referenceEntries()));
  const provider = { kind: 'file', name: 'references', path, entities: ['organisation', 'site'] };
  return { references: { providers: [provider] } };
}
