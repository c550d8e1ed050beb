import type { Config } from '../../main/config.ts';
import type { PinotController } from './controller.ts';
import { type PinotDefinition, pinotDefinitions } from './definitions.ts';
import { type Difference, schemaDifference, tableDifference } from './difference.ts';
import type { JsonObject } from './json-value.ts';

/** What `pinot apply` does about one schema or table. */
export interface PinotStep {
  /** A `problem` is only told: nothing of its definition is changed. */
  readonly action: 'create' | 'change' | 'keep' | 'problem';
  readonly kind: 'schema' | 'table';
  readonly name: string;
  /** What differs, one sentence each. */
  readonly what: readonly string[];
  /** As it will be, whole. */
  readonly definition: JsonObject;
  /** Whether its table is there already. */
  readonly hasTable: boolean;
}

function stepOf(
  kind: PinotStep['kind'],
  name: string,
  hasTable: boolean,
  { problems, changes, kept, changed }: Difference,
): PinotStep {
  const step = { kind, name, definition: changed, hasTable };
  if (problems.length > 0) return { ...step, action: 'problem', what: problems };
  if (changes.length > 0) return { ...step, action: 'change', what: [...changes, ...kept] };
  return { ...step, action: 'keep', what: kept };
}

function stepsOf(
  { name, schema, table }: PinotDefinition,
  nowSchema: JsonObject | null,
  nowTable: JsonObject | null,
): PinotStep[] {
  const hasTable = nowTable !== null;
  const columns = schema.dimensionFieldSpecs.length + schema.dateTimeFieldSpecs.length;
  const schemaStep: PinotStep =
    nowSchema === null
      ? { action: 'create', kind: 'schema', name, what: [`${columns} columns`], definition: schema, hasTable }
      : stepOf('schema', name, hasTable, schemaDifference(nowSchema, schema));
  if (nowTable !== null) {
    return [schemaStep, stepOf('table', name, hasTable, tableDifference(nowTable, table))];
  }
  const isBlocked = schemaStep.action === 'problem';
  const what = isBlocked ? 'is not made on a schema that is not ours' : 'realtime, upsert';
  const action = isBlocked ? 'problem' : 'create';
  return [schemaStep, { action, kind: 'table', name, what: [what], definition: table, hasTable }];
}

/** Every schema and table, each schema before its table. */
export async function planPinot(config: Config, controller: PinotController): Promise<PinotStep[]> {
  const steps = pinotDefinitions(config).map(async (definition) => {
    const [schema, table] = await Promise.all([
      controller.schema(definition.name),
      controller.table(definition.name),
    ]);
    return stepsOf(definition, schema, table);
  });
  return (await Promise.all(steps)).flat();
}

/** Makes what is missing and changes what differs. Stops at the first refusal: run again, it goes on from there. */
export async function applyPinot(controller: PinotController, steps: readonly PinotStep[]): Promise<void> {
  for (const { action, kind, name, definition, hasTable } of steps) {
    if (action === 'create') {
      await (kind === 'schema' ? controller.createSchema(definition) : controller.createTable(definition));
    }
    if (action === 'change') {
      await (kind === 'schema'
        ? controller.updateSchema(name, definition, hasTable)
        : controller.updateTable(name, definition));
    }
  }
}
