import { beforeAll, describe, expect, test } from 'vitest';
import { toSourceRecord } from '../../src/shared/captured-record.ts';
import { type Columns, type ColumnType, columnType, MAIN_FACET } from '../../src/shared/entity.ts';
import type { Mutation } from '../../src/shared/mutation.ts';
import { createDecoder } from '../../src/workers/decode.ts';
import { captured, MAIN_CAPTURES, SOURCES } from '../workers/captures.ts';
import { type ExpectedRow, expectedRows } from './expected-rows.ts';

/**
 * Folds what the decoder makes of the whole captured run into rows, as simply as can be, and compares with the sources' final states:
 * nothing lost, nothing wrong, in every column of every row.
 */

interface FoldedRow {
  readonly entity: string;
  readonly key: string;
  readonly versions: Map<string, string>;
  readonly columns: Columns;
  deleted: boolean;
}

class Fold {
  readonly #rows = new Map<string, FoldedRow>();

  apply(mutation: Mutation): void {
    const key = `${mutation.tool}:${mutation.id}`;
    const row = this.#row(mutation.entity, key);
    const known = row.versions.get(mutation.facet);
    if (known !== undefined && known >= mutation.version) return;
    row.versions.set(mutation.facet, mutation.version);
    if (mutation.facet === MAIN_FACET) row.deleted = mutation.deleted;
    Object.assign(row.columns, mutation.columns);
    if (mutation.carry === undefined) return;
    const from = this.#row(mutation.entity, `${mutation.tool}:${mutation.carry.fromId}`);
    for (const column of mutation.carry.columns) row.columns[column] = from.columns[column] ?? null;
  }

  #row(entity: string, key: string): FoldedRow {
    const found = this.#rows.get(`${entity} ${key}`);
    if (found !== undefined) return found;
    const row: FoldedRow = { entity, key, versions: new Map(), columns: {}, deleted: false };
    this.#rows.set(`${entity} ${key}`, row);
    return row;
  }

  /** Rows that have a main facet and are not deleted. */
  live(entity: string): FoldedRow[] {
    return [...this.#rows.values()].filter(
      (row) => row.entity === entity && row.versions.has(MAIN_FACET) && !row.deleted,
    );
  }

  get(entity: string, key: string): Columns {
    return this.#rows.get(`${entity} ${key}`)?.columns ?? {};
  }
}

/** What the enrichment will do: names of the rows that a row refers to. */
function fillReferences(fold: Fold): void {
  for (const site of fold.live('site')) {
    const client = fold.get('organisation', `tactical-rmm:${site.columns.organisation_id}`);
    site.columns.organisation_name = client.name ?? null;
  }
  for (const user of fold.live('user')) {
    if (!user.key.startsWith('tactical-rmm:')) continue;
    user.columns.role = fold.get('role', `tactical-rmm:${user.columns.role_id}`).name ?? null;
  }
  for (const device of fold.live('device')) {
    const { columns, key } = device;
    if (key.startsWith('tactical-rmm:')) {
      const { site_name, organisation_id, organisation_name } = fold.get(
        'site',
        `tactical-rmm:${columns.site_id}`,
      );
      Object.assign(columns, { site_name, organisation_id, organisation_name });
    } else if (key.startsWith('fleet-mdm:')) {
      columns.organisation_name =
        fold.get('organisation', `fleet-mdm:${columns.organisation_id}`).name ?? null;
    }
  }
  const agents = fold.live('device').filter((device) => device.key.startsWith('tactical-rmm:'));
  for (const node of fold.live('device')) {
    if (!node.key.startsWith('meshcentral:')) continue;
    const agent = agents.find((device) => device.columns.mesh_node_id === node.columns.mesh_node_id);
    const { site_id, site_name, organisation_id, organisation_name } = agent?.columns ?? {};
    Object.assign(node.columns, { site_id, site_name, organisation_id, organisation_name });
  }
}

function exported(row: FoldedRow, typeOf: (column: string) => ColumnType): ExpectedRow {
  const [tool = ''] = row.key.split(':');
  const printed: ExpectedRow = { tool, id: row.key.slice(tool.length + 1) };
  for (const [name, value] of Object.entries(row.columns)) {
    if (value === null || value === undefined) continue;
    const isTime = typeOf(name) === 'timestamp' && typeof value === 'number';
    printed[name] = isTime ? new Date(value).toISOString() : value;
  }
  return printed;
}

const ENTITIES = ['organisation', 'site', 'device', 'user', 'role'] as const;
const fold = new Fold();
const guarded: string[] = [];

beforeAll(async () => {
  const decoder = createDecoder({
    sources: SOURCES,
    now: () => 0,
    onGuard: (type, rule) => guarded.push(`${type} ${rule}`),
  });
  for (const capture of MAIN_CAPTURES) {
    for (const record of await captured(capture)) {
      const decoded = decoder.decode(toSourceRecord(record));
      if (decoded.kind === 'reject') throw new Error(`${record.topic} ${record.offset}: ${decoded.message}`);
      if (decoded.kind === 'changes') for (const change of decoded.changes) fold.apply(change.mutation);
    }
  }
  fillReferences(fold);
});

describe('the captured run, folded by version', () => {
  test.each(ENTITIES)('gives every row of %s as its source ended', (entity) => {
    const rows = fold.live(entity).map((row) => exported(row, (column) => columnType(entity, column)));
    const expected = expectedRows(entity);
    expect(rows.length).toBeGreaterThan(1);
    expect(rows.map((row) => `${row.tool}:${row.id}`).sort()).toEqual([...expected.keys()].sort());
    for (const row of rows) expect(row).toEqual(expected.get(`${row.tool}:${row.id}`));
  });

  test('needs no guard: the sources wrote nothing that has to be fixed', () => {
    expect(guarded).toEqual([]);
  });

  test('fills every mapped column of every tool in some row', () => {
    const filled = new Set(fold.live('device').flatMap((row) => Object.keys(row.columns)));
    for (const column of [
      'serial_number',
      'memory_bytes',
      'tags',
      'online',
      'disk_free_gb',
      'mesh_node_id',
    ]) {
      expect(filled).toContain(column);
    }
  });
});
