import type { CapturedRecord } from '../../src/shared/record.ts';
import { captured, MARIADB, NOW } from './record-builder.ts';

interface RowChange {
  readonly op?: 'c' | 'u' | 'd' | 'r';
  readonly before?: object;
  readonly headers?: CapturedRecord['headers'];
}

/** A change of a Fleet row; `key` are its key columns. */
export function change(
  table: string,
  key: object,
  after: object | null,
  { op, before, headers }: RowChange = {},
) {
  const source = { ...MARIADB, table };
  return captured({
    topic: `fleetmdm.fleet.${table}`,
    key: JSON.stringify(key),
    value: JSON.stringify({ before: before ?? null, after, source, op: op ?? 'c', ts_ms: NOW }),
    headers: headers ?? [],
  });
}
