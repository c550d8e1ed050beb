import { isFaceted } from '../shared/message-type.ts';
import type { Row } from './stores/store.ts';

/** Of the longest versions, SQL Server's of 53 digits, whatever the number of facets. */
const SUM_DIGITS = 56;
const COMPLETIONS_DIGITS = 8;

/**
 * Which state of a row an analytics record shows, as text that sorts later for a later state: the greatest of its facets' versions,
 * then their sum (facets come in any order, and an older one's change may leave the greatest as it is; all of a row are of one
 * connector and can be added up), then how often the row was completed. A change that is encoded without its row has the version alone,
 * and so sorts before the row with the same version.
 */
export function rowVersion({ entity, tool, versions, completions }: Row): string {
  const completed = (completions ?? 0).toString(16).padStart(COMPLETIONS_DIGITS, '0');
  const known = Object.values(versions);
  const greatest = known.toSorted().at(-1) ?? '';
  if (!isFaceted(entity, tool)) return `${greatest}.${completed}`;
  const sum = known.reduce((total, version) => total + numberOf(version), 0n);
  return `${greatest}.${sum.toString(16).padStart(SUM_DIGITS, '0')}.${completed}`;
}

/** A version's digits as one number: it grows with the version. */
function numberOf(version: string): bigint {
  return BigInt(`0x${version.replaceAll('-', '')}`);
}
