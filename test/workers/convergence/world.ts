import fc from 'fast-check';
import type { Columns, EntityName, Tool } from '../../../src/shared/entity.ts';

/** A few rows of every kind that refers to another, and what may happen to them. */

export interface RowName {
  readonly entity: EntityName;
  readonly tool: Tool;
  readonly id: string;
}

/** One thing that happened at a source. */
export type Happening =
  | { readonly kind: 'set'; readonly row: RowName; readonly columns: Columns; readonly twice: boolean }
  | { readonly kind: 'delete'; readonly row: RowName; readonly twice: boolean }
  | { readonly kind: 'truncate'; readonly entity: EntityName; readonly tool: Tool };

type Values = Readonly<Record<string, fc.Arbitrary<string | null>>>;
interface Kind {
  readonly entity: EntityName;
  readonly tool: Tool;
  readonly ids: readonly string[];
  readonly columns: Values;
  /** Columns that follow from the id. */
  readonly own?: (id: string) => Columns;
  /** It happened: it neither changes nor goes. */
  readonly history?: boolean;
}

const one = (...values: (string | null)[]): fc.Arbitrary<string | null> => fc.constantFrom(...values);

const TACTICAL = 'tactical-rmm';
const FLEET = 'fleet-mdm';
const MESH = 'meshcentral';
const NAMES = one('ACME', 'Umbrella');
const HOSTS = one('pc-1', 'pc-2');
const SERIALS = one('S1', 'S2', 'none', null);
const NODES = one('n1', 'n2', null);

const KINDS: readonly Kind[] = [
  { entity: 'organisation', tool: TACTICAL, ids: ['1', '2'], columns: { name: NAMES } },
  {
    entity: 'site',
    tool: TACTICAL,
    ids: ['1', '2'],
    columns: { name: one('Main', 'Lab'), organisation_id: one('1', '2') },
  },
  {
    entity: 'device',
    tool: TACTICAL,
    ids: ['1', '2', '3'],
    columns: { site_id: one('1', '2'), hostname: HOSTS, serial_number: SERIALS, mesh_node_id: NODES },
    own: (id) => ({ device_key: `key-${id}` }),
  },
  { entity: 'role', tool: TACTICAL, ids: ['1'], columns: { name: one('Admin', 'Tech') } },
  { entity: 'user', tool: TACTICAL, ids: ['1'], columns: { role_id: one('1', '2', null) } },
  {
    entity: 'check_result',
    tool: TACTICAL,
    ids: ['1', '2'],
    columns: { device_id: one('1', '2', '3', null) },
  },
  {
    entity: 'event',
    tool: TACTICAL,
    ids: ['logs_auditlog:1', 'logs_auditlog:2'],
    columns: { device_key: one('key-1', 'key-2', null) },
    history: true,
  },
  { entity: 'organisation', tool: FLEET, ids: ['1', '2'], columns: { name: NAMES } },
  {
    entity: 'device',
    tool: FLEET,
    ids: ['1', '2'],
    columns: { organisation_id: one('1', '2', null), hostname: HOSTS, serial_number: SERIALS },
  },
  { entity: 'user', tool: FLEET, ids: ['1'], columns: { display_name: one('Ann', 'Bob') } },
  { entity: 'policy_result', tool: FLEET, ids: ['1:1'], columns: { device_id: one('1', '2') } },
  {
    entity: 'event',
    tool: FLEET,
    ids: ['activity_past:1', 'activity_past:2'],
    columns: { summary: one('ran a script') },
    history: true,
  },
  {
    entity: 'event_device',
    tool: FLEET,
    ids: ['1:1', '2:1', '1:2'],
    columns: {},
    own: (id) => {
      const [host = '', activity = ''] = id.split(':');
      return { device_id: host, event_id: `activity_past:${activity}` };
    },
    history: true,
  },
  {
    entity: 'event',
    tool: FLEET,
    ids: ['host_script_results:1'],
    columns: { device_id: one('1', '2'), actor_id: one('1', '2', null) },
    history: true,
  },
  {
    entity: 'device',
    tool: MESH,
    ids: ['n1', 'n2'],
    columns: { hostname: HOSTS },
    own: (id) => ({ mesh_node_id: id }),
  },
  { entity: 'event', tool: MESH, ids: ['events:1'], columns: { device_id: one('n1', 'n2') }, history: true },
];

function setting({ entity, tool, ids, columns, own }: Kind): fc.Arbitrary<Happening> {
  return fc
    .record({ id: fc.constantFrom(...ids), columns: fc.record(columns), twice: fc.boolean() })
    .map(({ id, columns: drawn, twice }) => ({
      kind: 'set',
      row: { entity, tool, id },
      columns: { ...drawn, ...own?.(id) },
      twice,
    }));
}

function deletion(kinds: readonly Kind[]): fc.Arbitrary<Happening> {
  const rows = kinds.flatMap(({ entity, tool, ids }) => ids.map((id): RowName => ({ entity, tool, id })));
  return fc
    .record({ row: fc.constantFrom(...rows), twice: fc.boolean() })
    .map(({ row, twice }) => ({ kind: 'delete', row, twice }));
}

function truncation(kinds: readonly Kind[]): fc.Arbitrary<Happening> {
  return fc.constantFrom(...kinds).map(({ entity, tool }) => ({ kind: 'truncate', entity, tool }));
}

export interface World {
  /** Happenings of one phase stand in Kafka together; the next phase begins when all of them are acknowledged. */
  readonly phases: readonly (readonly Happening[])[];
  /** After how many turns of a phase a process dies; by phase. */
  readonly crashes: readonly (number | null)[];
  readonly seed: number;
}

export interface WorldOptions {
  readonly crashes: boolean;
  readonly truncates: boolean;
}

export function worlds(options: WorldOptions): fc.Arbitrary<World> {
  // A few kinds at a time, so that what belongs together meets.
  const some = fc.subarray([...KINDS], { minLength: 3, maxLength: 8 });
  return fc.record({
    phases: some.chain((kinds) =>
      fc.array(fc.array(happening(kinds, options), { minLength: 1, maxLength: 12 }), {
        minLength: 1,
        maxLength: 4,
      }),
    ),
    crashes: options.crashes
      ? fc.array(fc.option(fc.nat(120)), { minLength: 4, maxLength: 4 })
      : fc.constant([]),
    seed: fc.nat(),
  });
}

function happening(kinds: readonly Kind[], { truncates }: WorldOptions): fc.Arbitrary<Happening> {
  const states = kinds.filter(({ history }) => history !== true);
  return fc.oneof(
    { arbitrary: fc.oneof(...kinds.map(setting)), weight: 12 },
    ...(states.length === 0 ? [] : [{ arbitrary: deletion(states), weight: 2 }]),
    ...(states.length === 0 || !truncates ? [] : [{ arbitrary: truncation(states), weight: 1 }]),
  );
}
