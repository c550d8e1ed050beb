import type { EntityName } from '../shared/entity.ts';
import { type ExportOptions, exportRow } from '../workers/stores/export-row.ts';
import type { Store } from '../workers/stores/store.ts';

/** The rows of an entity as `export` shows them. */
export async function* exportedRows(
  store: Store,
  entity: EntityName,
  options: ExportOptions,
): AsyncGenerator<Record<string, unknown>> {
  for await (const row of store.scan(entity)) {
    const exported = exportRow(row, options);
    if (exported !== null) yield exported;
  }
}
