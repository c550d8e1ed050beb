import type { FieldSpec, PinotSchema, PinotTable } from './definitions.ts';
import { isObject, type JsonObject, type JsonValue, objectsOf, textsOf } from './json-value.ts';

/**
 * What there is against what has to be. Only what we define is compared: whatever else an operator has set stays. The result of
 * `changed` is the definition as it is with our changes in it, because Pinot takes whole definitions only.
 */
export interface Difference {
  /** What can be brought about, in the order of the definition. */
  readonly changes: readonly string[];
  /** What differs and stays, because bringing it about would take something away. */
  readonly kept: readonly string[];
  /** What is wrong and cannot be changed in place. */
  readonly problems: readonly string[];
  readonly changed: JsonObject;
}

interface Notes {
  readonly changes: string[];
  readonly kept: string[];
  readonly problems: string[];
}

const newNotes = (): Notes => ({ changes: [], kept: [], problems: [] });
const shown = (value: JsonValue | undefined): string =>
  value === undefined ? 'nothing' : typeof value === 'string' ? value : JSON.stringify(value);

/** How a difference at a path is treated; everything else is changed. */
const FIXED: readonly string[] = [
  'tableType',
  'segmentsConfig.timeColumnName',
  'upsertConfig.mode',
  'upsertConfig.comparisonColumns',
  'upsertConfig.deleteRecordColumn',
  'ingestionConfig.streamIngestionConfig.streamConfigMaps.streamType',
  'ingestionConfig.streamIngestionConfig.streamConfigMaps.stream.kafka.topic.name',
];
/** Given when a table is made and then its operator's to tune. */
const INITIAL: readonly string[] = [
  'tableName',
  'tenants',
  'metadata',
  'upsertConfig.snapshot',
  'ingestionConfig.streamIngestionConfig.streamConfigMaps.stream.kafka.consumer.prop.auto.offset.reset',
  'ingestionConfig.streamIngestionConfig.streamConfigMaps.realtime.segment.flush',
];

const isAt = (path: string, places: readonly string[]): boolean =>
  places.some((place) => path === place || path.startsWith(`${place}.`));

/** Pinot gives numbers and flags back as it read them or as texts. An absent flag is false. */
function isSame(now: JsonValue | undefined, wanted: JsonValue): boolean {
  if (now === undefined || now === null) return wanted === false;
  return String(now) === String(wanted);
}

function merged(
  now: JsonValue | undefined,
  wanted: JsonValue,
  path: string,
  notes: Notes,
): JsonValue | undefined {
  if (isAt(path, INITIAL)) return now;
  if (isObject(wanted)) return mergedObject(now, wanted, path, notes);
  if (Array.isArray(wanted)) {
    const items: readonly JsonValue[] = wanted;
    const [only] = items;
    if (isObject(only)) return mergedStream(now, only, path, notes);
    if (!isAt(path, FIXED)) return mergedTexts(now, textsOf(items), path, notes);
  }
  if (isSame(now, wanted)) return now;
  const difference = `${path}: ${shown(now)} → ${shown(wanted)}`;
  if (isAt(path, FIXED)) {
    notes.problems.push(`${difference} cannot be changed: the table has to be made anew`);
    return now;
  }
  notes.changes.push(difference);
  return wanted;
}

function mergedObject(
  now: JsonValue | undefined,
  wanted: JsonObject,
  path: string,
  notes: Notes,
): JsonObject {
  const result: { [name: string]: JsonValue | undefined } = isObject(now) ? { ...now } : {};
  const entries = Object.entries(wanted);
  if (entries.length === 0 && !isObject(now)) notes.changes.push(`${path}: added`);
  for (const [name, value] of entries) {
    if (value === undefined) continue;
    result[name] = merged(result[name], value, path === '' ? name : `${path}.${name}`, notes);
  }
  return result;
}

/** Columns of an index and their like: what is missing is added, what is there beside it stays. */
function mergedTexts(
  now: JsonValue | undefined,
  wanted: readonly string[],
  path: string,
  notes: Notes,
): readonly string[] {
  const present = textsOf(now);
  const missing = wanted.filter((text) => !present.includes(text));
  if (missing.length > 0) notes.changes.push(`${path}: add ${missing.join(', ')}`);
  return [...present, ...missing];
}

/** An upsert table has one stream. */
function mergedStream(
  now: JsonValue | undefined,
  wanted: JsonObject,
  path: string,
  notes: Notes,
): JsonValue | undefined {
  const [stream, ...more] = objectsOf(now);
  if (stream !== undefined && more.length === 0) return [mergedObject(stream, wanted, path, notes)];
  notes.problems.push(
    stream === undefined
      ? `${path}: is not there; a stream in tableIndexConfig.streamConfigs has to be moved by hand`
      : `${path}: has ${more.length + 1} streams, an upsert table takes one`,
  );
  return now;
}

const DAYS_PER_UNIT: Readonly<Record<string, number>> = { DAYS: 1, HOURS: 1 / 24, MINUTES: 1 / 1440 };

/** Days that a table keeps its rows for; for ever when it does not say. */
function retentionDays({ retentionTimeUnit: unit, retentionTimeValue: value }: JsonObject): number {
  if (typeof unit !== 'string' || unit === '' || value === undefined || value === null) {
    return Number.POSITIVE_INFINITY;
  }
  return Number(value) * (DAYS_PER_UNIT[unit.toUpperCase()] ?? Number.NaN);
}

function retentionText({ retentionTimeUnit: unit, retentionTimeValue: value }: JsonObject): string {
  return unit === undefined || unit === null ? 'for ever' : `${shown(value)} ${shown(unit)}`;
}

/** What would drop rows or replicas is left as it is. Answers the section as it has to be compared from here on. */
function growing(now: JsonObject, wanted: JsonObject, notes: Notes): JsonObject {
  const { replication, retentionTimeUnit, retentionTimeValue, ...rest } = wanted;
  const result: { [name: string]: JsonValue | undefined } = { ...rest };
  const replicas = Number(now.replication ?? 1);
  if (replicas > Number(replication)) {
    notes.kept.push(`segmentsConfig.replication: stays ${replicas}, asked for ${shown(replication)}`);
  } else result.replication = replication;
  const [days, wantedDays] = [retentionDays(now), retentionDays(wanted)];
  if (retentionTimeUnit === undefined || days === wantedDays) return result;
  if (days < wantedDays) return { ...result, retentionTimeUnit, retentionTimeValue };
  // Also when the unit is one that is not known here.
  notes.kept.push(`segmentsConfig: rows stay ${retentionText(now)}, asked for ${retentionText(wanted)}`);
  return result;
}

export function tableDifference(now: JsonObject, wanted: PinotTable): Difference {
  const notes = newNotes();
  const { segmentsConfig } = wanted;
  const segments = isObject(now.segmentsConfig) ? now.segmentsConfig : {};
  const grown = isObject(segmentsConfig) ? growing(segments, segmentsConfig, notes) : {};
  const changed = mergedObject(now, { ...wanted, segmentsConfig: grown }, '', notes);
  return { ...notes, changed };
}

/** Every list of columns that a schema may have. */
const FIELD_LISTS = ['dimensionFieldSpecs', 'metricFieldSpecs', 'dateTimeFieldSpecs'] as const;
/** What a column is: Pinot refuses to change it. */
const KIND_OF_COLUMN: readonly (keyof FieldSpec)[] = ['dataType', 'singleValueField'];

export function schemaDifference(now: JsonObject, wanted: PinotSchema): Difference {
  const notes = newNotes();
  const changed: { [name: string]: JsonValue | undefined } = { ...now };
  const wantedFields = new Map(
    [...wanted.dimensionFieldSpecs, ...wanted.dateTimeFieldSpecs].map((field) => [field.name, field]),
  );
  const seen = new Set<string>();
  for (const list of FIELD_LISTS) {
    if (now[list] === undefined) continue;
    changed[list] = objectsOf(now[list]).map((field) => {
      const wantedField = wantedFields.get(String(field.name));
      if (wantedField === undefined) return field;
      seen.add(wantedField.name);
      return mergedField(field, wantedField, notes);
    });
  }
  for (const list of ['dimensionFieldSpecs', 'dateTimeFieldSpecs'] as const) {
    const missing = wanted[list].filter(({ name }) => !seen.has(name));
    if (missing.length === 0) continue;
    changed[list] = [...objectsOf(changed[list]), ...missing];
    for (const { name, dataType } of missing) notes.changes.push(`add column ${name} ${dataType}`);
  }
  const key = textsOf(now.primaryKeyColumns);
  if (key.join() !== wanted.primaryKeyColumns.join()) {
    const difference = `primaryKeyColumns: ${shown(now.primaryKeyColumns)} → ${shown(wanted.primaryKeyColumns)}`;
    notes.problems.push(`${difference} cannot be changed: the table has to be made anew`);
  }
  return { ...notes, changed };
}

function mergedField(now: JsonObject, wanted: FieldSpec, notes: Notes): JsonObject {
  const { name, ...rest } = wanted;
  const differs = KIND_OF_COLUMN.find((part) => {
    const absent = part === 'singleValueField' ? true : undefined;
    return (now[part] ?? absent) !== (wanted[part] ?? absent);
  });
  if (differs !== undefined) {
    notes.problems.push(
      `column ${name}: ${differs} is ${shown(now[differs])}, has to be ${shown(wanted[differs])} and cannot be changed`,
    );
    return now;
  }
  if (wanted.maxLengthExceedStrategy === now.maxLengthExceedStrategy) return now;
  if (wanted.maxLengthExceedStrategy === undefined) return now;
  notes.changes.push(`column ${name}: texts are no longer cut at ${shown(now.maxLength ?? 512)} characters`);
  return { ...now, ...rest };
}
