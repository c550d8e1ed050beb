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
const LETTER: Readonly<Record<Tool, string>> = { [TACTICAL]: 'T', [FLEET]: 'F', [MESH]: 'M', authentik: 'A' };
const NAMES = one('ACME', 'ACME', 'Umbrella');
const HOSTS = one('pc-1', 'pc-2');
const SERIALS = one('S1', 'none', null, null);
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

/** A few kinds at a time, so that what belongs together meets. */
const TOGETHER = [
  'organisation.T site.T device.T organisation.F device.F device.M',
  'organisation.T site.T device.T role.T user.T check_result.T event.T',
  'organisation.T site.T device.T device.M event.M',
  'organisation.F device.F user.F policy_result.F event.F event_device.F',
].map((names) => KINDS.filter(({ entity, tool }) => names.split(' ').includes(`${entity}.${LETTER[tool]}`)));

function setting({ entity, tool, ids, columns, own }: Kind, only?: string): fc.Arbitrary<Happening> {
  const id = only === undefined ? fc.constantFrom(...ids) : fc.constant(only);
  return fc
    .record({ id, columns: fc.record(columns), twice: fc.boolean() })
    .map(({ id: drawnId, columns: drawn, twice }) => ({
      kind: 'set',
      row: { entity, tool, id: drawnId },
      columns: { ...drawn, ...own?.(drawnId) },
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
  return fc.record({
    phases: fc.constantFrom(...TOGETHER).chain((kinds) => {
      const phase = fc.array(happening(kinds, options), { minLength: 1, maxLength: 10 });
      return fc
        .tuple(beginning(kinds), fc.array(phase, { maxLength: 3 }))
        .map(([first, later]) => [first, ...later]);
    }),
    crashes: options.crashes
      ? fc.array(fc.option(fc.nat(120)), { minLength: 4, maxLength: 4 })
      : fc.constant([]),
    seed: fc.nat(),
  });
}

/** Most rows that there can be, in any order. */
function beginning(kinds: readonly Kind[]): fc.Arbitrary<Happening[]> {
  const rows = kinds.flatMap((kind) => kind.ids.map((id) => setting(kind, id)));
  return fc
    .shuffledSubarray(rows, { minLength: Math.floor(rows.length / 2) })
    .chain((chosen) => fc.tuple(...chosen));
}

function happening(kinds: readonly Kind[], { truncates }: WorldOptions): fc.Arbitrary<Happening> {
  const states = kinds.filter(({ history }) => history !== true);
  return fc.oneof(
    { arbitrary: fc.oneof(...kinds.map((kind) => setting(kind))), weight: 12 },
    ...(states.length === 0 ? [] : [{ arbitrary: deletion(states), weight: 2 }]),
    ...(states.length === 0 || !truncates ? [] : [{ arbitrary: truncation(states), weight: 1 }]),
  );
}
