import type { ReferenceEntry } from './reference-file.ts';

/**
 * The sites with their organisations as a map of Bloblang, by the site's id. A literal is made when the mapping is read; a file that the
 * mapping parses would be parsed again for every record.
 */
export function siteMap(entries: readonly ReferenceEntry[]): string {
  const organisations = new Map(
    entries.filter(({ entity }) => entity === 'organisation').map(({ id, name }) => [id, name]),
  );
  const sites = entries
    .filter(({ entity }) => entity === 'site')
    .map(({ id, name, organisation_id = null }) => [
      id,
      {
        site_id: id,
        site_name: name,
        organisation_id,
        organisation_name: organisations.get(organisation_id ?? '') ?? null,
      },
    ]);
  return `map site {\n  root = ${JSON.stringify(Object.fromEntries(sites))}.get(this)\n}\n`;
}
