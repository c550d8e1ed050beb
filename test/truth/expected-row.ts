/** A canonical row as `export` prints it, unset columns undefined or left out, without `source_ts` and `deleted`. */
export type ExpectedRow = { readonly tool: string; readonly id: string; readonly [column: string]: unknown };

export interface Place {
  readonly organisation_id?: unknown;
  readonly organisation_name?: unknown;
  readonly site_id?: unknown;
  readonly site_name?: unknown;
}

/** Where a row is; nowhere for a row that is not there. */
export function placeOf(row: ExpectedRow | undefined): Place {
  return {
    organisation_id: row?.organisation_id,
    organisation_name: row?.organisation_name,
    site_id: row?.site_id,
    site_name: row?.site_name,
  };
}
