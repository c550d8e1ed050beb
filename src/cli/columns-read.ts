import type { SourceRecord } from '../shared/record.ts';
import type { Convert } from '../workers/conversions.ts';
import type { JsonObject } from '../workers/json-text.ts';
import { Row, type RowChange } from '../workers/row.ts';

/** Stands for all columns, of a converter that goes through them. */
const WHOLE_ROW = '*';

/**
 * The source columns that a converter looks at, for the documentation: it is given a row in which every value is null, and what it
 * asks for is written down. What it would only ask for because of another value stays unknown.
 */
export function columnsRead(convert: Convert, document: boolean): readonly string[] {
  const names = new Set<string>();
  const cells = new Proxy<JsonObject>(
    {},
    {
      get: (_, name) => {
        if (typeof name === 'string') names.add(name);
        return null;
      },
      ownKeys: () => {
        names.add(WHOLE_ROW);
        return [];
      },
    },
  );
  const row = new Row();
  row.open(cells, document, false, null, NO_CHANGE);
  row.readFor('');
  convert(row);
  return [...names];
}

const NO_RECORD: SourceRecord = {
  topic: '',
  partition: 0,
  offset: 0,
  timestamp: 0,
  key: null,
  value: null,
  valuePrefix: '',
  header: () => undefined,
};
const NO_CHANGE: RowChange = { op: 'c', value: {}, source: {}, sourceTs: 0, record: NO_RECORD };
