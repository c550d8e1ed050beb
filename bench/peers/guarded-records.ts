import { capturedFile } from '../captures.ts';
import { CheckIns, type GeneratedRecord } from '../generate.ts';

/**
 * Records on which the conversions and guards of a device act, so that the peers are compared there too: changed check-ins, the
 * captured ones of a real connector, and some in their schema. What they hold is stated; what becomes of them the product says.
 */

type Json = Record<string, unknown>;
interface Envelope {
  op: string;
  before: Json | null;
  after: Json | null;
  source: Json;
  ts_ms: number | null;
}

/** Stands for a number that JavaScript cannot hold. */
const LARGE = '@large@';
const LONG_TEXT = `${'ä'.repeat(40_000)} end`;

export function guardedRecords(prefix: string): GeneratedRecord[] {
  const checkIns = new CheckIns({ keys: 400, prefix });
  const wrapped = new CheckIns({ keys: 400, prefix, schema: true });
  let last = 1_000_000;
  const next = (): number => {
    last += 1;
    return last;
  };
  const changed = (change: (envelope: Envelope) => void, large = ''): GeneratedRecord => {
    const { key, value } = checkIns.record(next());
    const envelope = JSON.parse(value) as Envelope;
    change(envelope);
    return { key, value: JSON.stringify(envelope).replace(`"${LARGE}"`, large) };
  };
  const rows = ROWS.map((cells) => changed((envelope) => Object.assign(envelope.after ?? {}, cells)));
  const absent = ABSENT.map((column) => changed(({ after }) => delete after?.[column]));
  return [
    ...rows,
    ...absent,
    ...ENVELOPES.map(([change, large]) => changed(change, large)),
    ...captured(),
    ...Array.from({ length: 50 }, () => wrapped.record(next())),
    { key: '{"id":"abc"}', value: checkIns.record(next()).value },
    { key: '{"no":1}', value: checkIns.record(next()).value },
    { key: '{"id":7}', value: 'no JSON' },
    { key: '{"id":7}', value: '{"before":null}' },
  ];
}

/** Truncates are left out: what they keep out depends on the order of topics. */
function captured(): GeneratedRecord[] {
  return capturedFile('tactical-postgres-cdc/tactical.public.agents_agent.jsonl').flatMap(({ key, value }) =>
    key === null || value === null || value.includes('"op":"t"') ? [] : [{ key, value }],
  );
}

const ABSENT = ['hostname', 'site_id', 'policy_id', 'total_ram', 'last_seen', 'logged_in_username'];
const UNAVAILABLE = '__debezium_unavailable_value';
const TIMES = [
  ...['0001-01-01T00:00:00Z', '1985-01-01T00:00:00Z', '2999-01-01T00:00:00Z', 'infinity', '-infinity'],
  ...[
    '2026-09-02 10:20:30.5+02:00',
    '2026-09-02T10:20:30Z',
    '2026-09-02T10:20:30.7Z',
    '2026-09-02T24:00:00Z',
  ],
  ...['2026-09-02T10:20:30.123456789Z', '2026-02-30T10:20:30Z', '2026-09-02T10:20:30-0330', 'yesterday'],
];

const ROWS: readonly Json[] = [
  { hostname: null },
  { hostname: 7 },
  { hostname: UNAVAILABLE, description: Buffer.from(UNAVAILABLE).toString('base64') },
  { hostname: Buffer.from(UNAVAILABLE).toString('hex'), site_id: UNAVAILABLE },
  { description: LONG_TEXT },
  { description: 'a "quoted" \\ back\u0007\u001f\u2028 ünïcödé 🖥️\n', hostname: '' },
  { plat: 'beos', monitoring_type: 'toaster', goarch: null },
  ...TIMES.map((time) => ({ last_seen: time, created_time: time })),
  ...[1_788_344_430_126, 1_788_344_430_126_138, -1, 0].map((time) => ({ last_seen: time })),
  ...[null, 0, 3.7, 128, 9_000_000, 20_000_000_000, 'many', true].map((total_ram) => ({ total_ram })),
  ...[null, 0, 1_788_344_045.6149, 1_788_344_045, 9_788_344_045.1, 'never'].map((boot_time) => ({
    boot_time,
  })),
  ...[1, 0, null, 2, 'yes', 0.5].map((needs_reboot) => ({ needs_reboot, maintenance_mode: needs_reboot })),
  ...[null, '5f2d', 12, 1.5, true].map((policy_id) => ({ policy_id })),
  ...['', null, 'zz', 'abc', 'ABcd', '0123456789ab', 'ff00ff00', 7].map((mesh_node_id) => ({ mesh_node_id })),
  ...[null, 999_999, '17', '', 17].map((site_id) => ({ site_id })),
  ...[
    ['', ''],
    [null, null],
    [null, ''],
    ['', null],
    ['', 'last'],
    [UNAVAILABLE, 'last'],
    ['', UNAVAILABLE],
  ].map(([first, last]) => ({ logged_in_username: first, last_logged_in_user: last })),
  { plat: 'windows', wmi_detail: '{"cpu":[],"bios": [[{"Name":"x","SerialNumber":"S-1 \\u00e4"}]]}' },
  { plat: 'windows', wmi_detail: '{"bios":[]}' },
  { plat: 'windows', wmi_detail: '{"serialnumber":"no"}' },
  { plat: 'linux', wmi_detail: '{"serialnumber":"TRX462370"}' },
  { plat: 'linux', wmi_detail: '{"serialnumber":7}' },
  { plat: 'linux', wmi_detail: '{"serialnumber":"broken"' },
  { wmi_detail: null },
  { wmi_detail: 'nothing' },
];

const ENVELOPES: readonly (readonly [change: (envelope: Envelope) => void, large?: string])[] = [
  [(envelope) => Object.assign(envelope, { op: 'c' })],
  [(envelope) => Object.assign(envelope, { op: 'r', source: { ...envelope.source, snapshot: 'true' } })],
  [(envelope) => Object.assign(envelope, { op: 'd', before: { id: 1 }, after: null })],
  [(envelope) => Object.assign(envelope, { before: { ...envelope.after } })],
  [(envelope) => Object.assign(envelope, { op: 'm', after: null })],
  [(envelope) => Object.assign(envelope, { op: 'x' })],
  [(envelope) => Object.assign(envelope, { after: null })],
  [({ source }) => Object.assign(source, { lsn: null })],
  [({ source }) => Object.assign(source, { lsn: null, sequence: null })],
  [({ source }) => Object.assign(source, { lsn: -5 })],
  [({ source }) => Object.assign(source, { lsn: LARGE }), '9223372036854775123'],
  [({ source }) => Object.assign(source, { ts_ms: null })],
  [({ source }) => Object.assign(source, { connector: 'oracle' })],
  [({ after }) => Object.assign(after ?? {}, { last_seen: LARGE }), '1788344430126138123'],
  [({ after }) => Object.assign(after ?? {}, { policy_id: LARGE }), '9223372036854775123'],
];
