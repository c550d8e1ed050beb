import { type Columns, MAIN_FACET } from '../shared/entity.ts';
import type { FollowUp, ReferenceFollowUp } from '../shared/follow-up.ts';
import type { Mutation } from '../shared/mutation.ts';
import { filledColumns } from '../shared/reference-table.ts';
import { type BatchAnalytics, isWhole } from './batch-analytics.ts';
import type { Entry } from './batch-entry.ts';
import type { BatchStages } from './batch-stages.ts';
import type { Enrichment } from './enrich.ts';
import { rowName } from './stores/row.ts';
import type { RowKey } from './stores/store.ts';

/**
 * What a batch's rows need once they are written: rows that slipped past a truncate are marked; rows whose references were not there,
 * have changed since, or may have are completed; rows of which the change was only a part are read back for analytics. Of a change
 * that was found written already the row is told as it is: a process that died may have left it incomplete, and this one may have
 * enriched the change with what was so before. Answers what is to follow at other rows.
 */
export async function settleRows(
  entries: readonly Entry[],
  enrichment: Enrichment,
  stages: BatchStages,
  analytics: BatchAnalytics,
): Promise<FollowUp[]> {
  await markTruncated(entries, enrichment, stages, analytics);
  const followUps: FollowUp[] = [];
  const recordOf = new Map<string, number>();
  for (const { mutation, record } of entries) recordOf.set(rowName(mutation), record);
  const { incomplete, again } = incompleteRows(entries, enrichment, stages);
  for (const [keys, all] of [[incomplete, false] as const, [again, true] as const])
    for await (const completed of stages.completer.complete(keys, all)) {
      const { row } = completed;
      analytics.addRow(recordOf.get(rowName(row)) ?? 0, row, 'update');
      const followUp = stages.followUps.announce(completed);
      if (followUp !== undefined) followUps.push(followUp);
    }
  await addParts(entries, stages, analytics);
  return followUps;
}

/** Takes devices off the list of the organisation that they are about to leave. */
export async function unlistMoved(
  followUps: readonly ReferenceFollowUp[],
  { store, patiently }: Pick<BatchStages, 'store' | 'patiently'>,
): Promise<void> {
  const moved = followUps.flatMap(({ entity, tool, id, before, after }) => {
    const left = before?.organisation_id;
    const isMoved = entity === 'device' && typeof left === 'string' && left !== after?.organisation_id;
    return isMoved ? [{ tool, left, id }] : [];
  });
  await Promise.all(moved.map(({ tool, left, id }) => patiently(() => store.unlistDevice(tool, left, id))));
}

/** Rows of a table that was truncated while they were on their way here. */
async function markTruncated(
  entries: readonly Entry[],
  enrichment: Enrichment,
  stages: BatchStages,
  analytics: BatchAnalytics,
): Promise<void> {
  const { enricher, truncations, store, patiently } = stages;
  await truncations.refresh();
  for (const { change, mutation, outcome, record } of entries) {
    const truncation = outcome === 'written' ? truncations.over(mutation) : undefined;
    if (truncation === undefined) continue;
    const columns: Columns = Object.fromEntries(
      Object.keys(mutation.columns).map((column) => [column, null]),
    );
    const { carry: _, movedTo: __, ...rest } = mutation;
    const gone: Mutation = { ...rest, version: truncation.version, deleted: true, columns };
    await patiently(() => store.write([gone]));
    // Since the write the caches may have it.
    enricher.decided(change.mutation, false, enrichment);
    const { entity, tool, id } = mutation;
    const row = (await patiently(() => store.read(entity, tool, [id]))).get(id);
    if (row !== undefined) analytics.addRow(record, row, 'delete');
  }
}

function incompleteRows(
  entries: readonly Entry[],
  enrichment: Enrichment,
  stages: BatchStages,
): { readonly incomplete: RowKey[]; readonly again: RowKey[] } {
  const incomplete = new Map<string, RowKey>();
  const again = new Map<string, RowKey>();
  const mutations: Mutation[] = [];
  for (const { change, outcome } of entries) {
    const { mutation } = change;
    if (mutation.deleted || mutation.facet !== MAIN_FACET || outcome === 'stale') continue;
    mutations.push(mutation);
    if (outcome === 'duplicate' && filledColumns(mutation.entity, mutation.tool).size > 0)
      again.set(rowName(mutation), mutation);
    else if (stages.completer.isDue(mutation, enrichment.incomplete.get(mutation)))
      incomplete.set(rowName(mutation), mutation);
  }
  for (const mutation of stages.enricher.outdated(mutations, enrichment))
    incomplete.set(rowName(mutation), mutation);
  const unless = [...incomplete].filter(([name]) => !again.has(name));
  return { incomplete: unless.map(([, key]) => key), again: [...again.values()] };
}

/** Gets the rows of which changes were only a part, and encodes one record a change. */
async function addParts(
  entries: readonly Entry[],
  stages: BatchStages,
  analytics: BatchAnalytics,
): Promise<void> {
  const groups = new Map<string, Entry[]>();
  for (const entry of entries) {
    const { mutation, change } = entry;
    if (entry.keptOut === true || isWhole(mutation, change.partial)) continue;
    const name = `${mutation.entity}|${mutation.tool}`;
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [entry]);
    else group.push(entry);
  }
  for (const parts of groups.values()) {
    const written = parts.map(({ mutation }) => mutation);
    const rows = await stages.patiently(() => stages.store.readWritten(written));
    for (const { record, mutation, change } of parts) {
      const row = rows.get(mutation.id);
      if (row !== undefined)
        analytics.addRow(record, row, change.operation, mutation.facet, mutation.sourceTs);
    }
  }
}
