import { TOOLS, type Tool } from './entity.ts';
import { authentikEventTypes } from './event-types/authentik.ts';
import { fleetMdmEventTypes } from './event-types/fleet-mdm.ts';
import { meshcentralEventTypes } from './event-types/meshcentral.ts';
import { tacticalRmmEventTypes } from './event-types/tactical-rmm.ts';
import { type EventTypeTable, type Severity, UNIFIED_EVENT_TYPES } from './event-types/unified.ts';

/**
 * What the tools' own names of events mean: one table per tool that has any in shared/event-types, and what the configuration adds to
 * them.
 */
export const EVENT_TYPE_TABLES: Readonly<Partial<Record<Tool, EventTypeTable>>> = {
  'tactical-rmm': tacticalRmmEventTypes,
  'fleet-mdm': fleetMdmEventTypes,
  meshcentral: meshcentralEventTypes,
  authentik: authentikEventTypes,
};

/** A mapping that the configuration adds, or puts in place of one of the tables'. */
export interface EventTypeMapping {
  readonly tool: Tool;
  /** The tool's own name, with a qualifier behind a colon where the tables have one: `model_created:application`. */
  readonly sourceType: string;
  /** A unified type, or a new one: that needs a severity. */
  readonly eventType: string;
  readonly severity?: Severity | undefined;
}

export interface EventClass {
  readonly type: string;
  readonly severity: Severity;
  /** False for a source type that nothing is known of: UNKNOWN. */
  readonly mapped: boolean;
}

export interface EventTypes {
  /**
   * What a tool's event is. `qualifier` tells apart events of one name: a MeshCentral message's number, the kind of an Authentik
   * model, `failed`.
   */
  classify(tool: Tool, sourceType: string, qualifier?: string | number): EventClass;
}

const UNKNOWN: EventClass = { type: 'UNKNOWN', severity: UNIFIED_EVENT_TYPES.UNKNOWN, mapped: false };

/** One line of the documentation's list. */
export interface EventTypeRow extends EventTypeMapping {
  readonly severity: Severity;
  readonly basis: keyof EventTypeTable;
}

const BASES = ['reference', 'earlier', 'advised', 'suggested'] as const;

/** Unmapped until somebody maps them: what is suggested is for an operator to take into `events.types`. */
const LEFT_OPEN: readonly EventTypeRow['basis'][] = ['suggested', 'unmapped'];

/** Severity of a unified type; undefined for a name that is none. */
export function severityOf(eventType: string): Severity | undefined {
  const severities: Readonly<Record<string, Severity>> = UNIFIED_EVENT_TYPES;
  return Object.hasOwn(severities, eventType) ? severities[eventType] : undefined;
}

/** Every source type of the tables, in their order. */
export function eventTypeRows(): EventTypeRow[] {
  return TOOLS.flatMap((tool) => {
    const table = EVENT_TYPE_TABLES[tool];
    if (table === undefined) return [];
    const mapped = BASES.flatMap((basis) =>
      Object.entries(table[basis]).flatMap(([eventType, sourceTypes]) =>
        sourceTypes.map((sourceType) => row(tool, sourceType, eventType, basis)),
      ),
    );
    return [...mapped, ...table.unmapped.map((sourceType) => row(tool, sourceType, 'UNKNOWN', 'unmapped'))];
  });
}

function row(tool: Tool, sourceType: string, eventType: string, basis: EventTypeRow['basis']): EventTypeRow {
  return { tool, sourceType, eventType, severity: severityOf(eventType) ?? UNKNOWN.severity, basis };
}

/** What is wrong with an added mapping, or undefined. */
export function problemOf({ eventType, severity }: EventTypeMapping): string | undefined {
  if (!/^[A-Z][A-Z_]{0,62}$/.test(eventType))
    return `${eventType} is no event type: upper case letters and _ only`;
  if (severityOf(eventType) !== undefined || severity !== undefined) return undefined;
  return `${eventType} is no unified event type: give the severity of a new one, too`;
}

/** The tables with the configuration's additions, which win. Throws for an addition that problemOf objects to. */
export function createEventTypes(additions: readonly EventTypeMapping[] = []): EventTypes {
  const classes = new Map<Tool, Map<string, EventClass>>(TOOLS.map((tool) => [tool, new Map()]));
  const add = (mapping: EventTypeMapping): void => {
    const severity = mapping.severity ?? severityOf(mapping.eventType) ?? UNKNOWN.severity;
    classes.get(mapping.tool)?.set(mapping.sourceType, { type: mapping.eventType, severity, mapped: true });
  };
  for (const known of eventTypeRows()) if (!LEFT_OPEN.includes(known.basis)) add(known);
  for (const addition of additions) {
    const problem = problemOf(addition);
    if (problem !== undefined) throw new Error(problem);
    add(addition);
  }
  return {
    classify(tool, sourceType, qualifier) {
      const ofTool = classes.get(tool);
      const exact = qualifier === undefined ? undefined : ofTool?.get(`${sourceType}:${qualifier}`);
      return exact ?? ofTool?.get(sourceType) ?? UNKNOWN;
    },
  };
}
