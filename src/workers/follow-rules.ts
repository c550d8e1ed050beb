import {
  type Columns,
  type ColumnValue,
  ENTITY_NAMES,
  type EntityName,
  TOOLS,
  type Tool,
} from '../shared/entity.ts';
import { type ReferenceRule, referenceRules } from '../shared/reference-table.ts';
import { table } from '../shared/table.ts';
import {
  type Reference,
  type ReferenceGroup,
  type ReferenceKey,
  referenceGroup,
  referenceKey,
} from './reference.ts';

/** A row, or a change of one, as far as its references are concerned. */
export interface Referring {
  readonly entity: EntityName;
  readonly tool: Tool;
  readonly id: string;
  readonly columns: Columns;
}

/** What is known of references by now. Null: there is no such row. */
export interface KnownReferences {
  get(group: ReferenceGroup, value: string): Reference | null | undefined;
}

interface BoundRule {
  readonly idPrefix: string | undefined;
  readonly column: string;
  readonly to: ReferenceGroup;
  readonly fills: readonly (readonly [own: string, theirs: string])[];
  /** Nobody announces that there will be none: looked up once more after the row is written. */
  readonly open: boolean;
}

const bound = table(ENTITY_NAMES, (entity) =>
  table(TOOLS, (tool) => referenceRules(entity, tool).map((rule) => bind(rule, tool))),
);

function bind({ idPrefix, column, to, by, toTool, fills }: ReferenceRule, tool: Tool): BoundRule {
  return {
    idPrefix,
    column,
    to: referenceGroup(to, toTool ?? tool, by),
    fills: Object.entries(fills),
    open: to === 'event_device',
  };
}

/**
 * Follows the rules of shared/reference-table.ts for one row after another and collects what came up on the way. One object serves a
 * batch: a row's rules are followed several times, each time as far as what is known by then reaches.
 */
export class RuleFollower {
  readonly #known: KnownReferences;
  /** References that have to be looked up before the rules can be followed to their end. */
  readonly unknown: ReferenceKey[] = [];
  /** Of the last row: references that are not there. */
  readonly missing: ReferenceKey[] = [];
  /** Of the last row: it has to be looked at again once it is written. */
  open = false;
  /** Of the last row: own columns that a reference has given a value. */
  readonly #given = new Set<string>();

  constructor(known: KnownReferences) {
    this.#known = known;
  }

  /**
   * Puts into `filled` what the row takes from others: null where there is nothing to take. `stored`: a column that is absent is null
   * (a stored row), otherwise it is unchanged and its rule is left out (a change). `filled` may be the row's own columns.
   */
  follow(row: Referring, filled: Columns, stored: boolean): void {
    this.missing.length = 0;
    this.open = false;
    this.#given.clear();
    for (const rule of bound[row.entity][row.tool]) {
      if (rule.idPrefix !== undefined && !row.id.startsWith(rule.idPrefix)) continue;
      if (rule.open) this.open = true;
      let value = rule.column === 'id' ? row.id : filled[rule.column];
      if (value === undefined) value = row.columns[rule.column] ?? (stored ? null : undefined);
      if (value !== undefined && !this.#isGiven(rule)) this.#apply(rule, value, filled);
    }
  }

  /** Whether a row's rules lead over a reference that `holds`. */
  leadsOver(row: Referring, holds: (group: string, value: string) => boolean): boolean {
    for (const rule of bound[row.entity][row.tool]) {
      const value = rule.column === 'id' ? row.id : row.columns[rule.column];
      if (typeof value === 'string' && holds(rule.to.group, value)) return true;
      if (Array.isArray(value) && value.some((one) => holds(rule.to.group, String(one)))) return true;
    }
    return false;
  }

  #isGiven(rule: BoundRule): boolean {
    return rule.fills.every(([own]) => this.#given.has(own));
  }

  #apply(rule: BoundRule, value: ColumnValue | null, filled: Columns): void {
    if (typeof value === 'string' && value !== '') {
      const reference = this.#find(rule, value);
      for (const [own, theirs] of rule.fills) this.#fill(filled, own, taken(reference, theirs));
      return;
    }
    const references = Array.isArray(value) ? value.map((one) => this.#find(rule, String(one))) : [];
    for (const [own, theirs] of rule.fills) this.#fill(filled, own, agreed(references, theirs));
  }

  #fill(filled: Columns, own: string, value: ColumnValue | null): void {
    if (value !== null) this.#given.add(own);
    else if (this.#given.has(own)) return;
    filled[own] = value;
  }

  #find(rule: BoundRule, value: string): Reference | null {
    const reference = this.#known.get(rule.to, value);
    if (reference === undefined) this.unknown.push(referenceKey(rule.to, value));
    else if (reference === null && !rule.open) this.missing.push(referenceKey(rule.to, value));
    return reference ?? null;
  }
}

function taken(reference: Reference | null, column: string): ColumnValue | null {
  if (reference === null || reference.deleted) return null;
  return column === 'id' ? reference.id : (reference.face[column] ?? null);
}

/** The value that all of them have; null otherwise. */
function agreed(references: readonly (Reference | null)[], column: string): ColumnValue | null {
  const [first = null, ...others] = references;
  const value = taken(first, column);
  return others.every((other) => taken(other, column) === value) ? value : null;
}
