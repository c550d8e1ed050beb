import { createHash } from 'node:crypto';
import { must } from '../src/shared/assert.ts';
import { firstCaptured } from './captures.ts';
import { columnKind, wrappedIn } from './schema-text.ts';

/**
 * Records as Debezium makes them of Tactical RMM: agents that check in (updates of agents_agent), and the sites and clients that they
 * belong to. The shape is that of a captured record; what changes from check-in to check-in changes here too. Record i is a function
 * of i, so every run has the same bytes.
 */

export interface CheckInOptions {
  /** Agents that check in. */
  readonly keys: number;
  /** Whether 20 % of the agents make 80 % of the check-ins. */
  readonly hot?: boolean;
  /** Whether the first records are one of each agent, so that all that follow are of agents that are known. */
  readonly eachFirst?: boolean;
  /** Whether records come wrapped in their schema (`schemas.enable=true`). */
  readonly schema?: boolean;
  /** Every column of the table, about 1.6 kB, instead of those that are read, about 1.1 kB. */
  readonly wholeRow?: boolean;
  /** About as many bytes as a value is to have, instead: fewer columns, or the whole row with a long one that nothing is read from. */
  readonly valueBytes?: number;
  /** Share of the check-ins that one agent makes. */
  readonly oneKeyShare?: number;
  /** `topic.prefix` of the connector. */
  readonly prefix?: string;
}

export interface GeneratedRecord {
  readonly key: string;
  readonly value: string;
}

export const SITES = 1000;
export const CLIENTS = 100;
export const START_MS = 1_788_344_430_123;
const START_LSN = 24_023_119;
/** Columns of agents_agent that nothing is read from. */
const UNREAD = new Set([
  ...['services', 'disks', 'overdue_email_alert', 'overdue_text_alert', 'overdue_time', 'check_interval'],
  ...['choco_installed', 'patches_last_installed', 'created_by', 'modified_by', 'overdue_dashboard_alert'],
  ...[
    'offline_time',
    'alert_template_id',
    'block_policy_inheritance',
    'default_shell',
    'default_shell_custom',
  ],
]);
/** Kept outside the row by PostgreSQL; an update that does not touch them does not bring them. */
const OUT_OF_LINE = ['services', 'disks', 'wmi_detail'];

type Json = Record<string, unknown>;

interface Agent {
  readonly hostname: string;
  readonly agentId: string;
  readonly meshNodeId: string;
}

export class CheckIns {
  readonly topic: string;
  readonly #keys: number;
  readonly #hot: boolean;
  readonly #oneKeyShare: number;
  readonly #eachFirst: boolean;
  readonly #parts: readonly string[];
  readonly #names: readonly string[];
  readonly #keyHead: string;
  readonly #keyTail: string;
  readonly #agents = new Map<number, Agent>();

  constructor(options: CheckInOptions) {
    const { keys, hot = false, eachFirst = false, oneKeyShare = 0 } = options;
    const { schema = false, wholeRow = false, prefix = 'tactical', valueBytes } = options;
    this.topic = `${prefix}.public.agents_agent`;
    this.#keys = keys;
    this.#hot = hot;
    this.#eachFirst = eachFirst;
    this.#oneKeyShare = oneKeyShare;
    const envelope = JSON.stringify(
      valueBytes === undefined ? template(prefix, wholeRow) : sizedTemplate(prefix, valueBytes),
    );
    const key = '{"id":@}';
    const pieces = (
      schema ? wrappedIn('value', prefix, 'agents_agent', columnsOf(wholeRow), envelope) : envelope
    ).split(/"@#(\w+)"|@(\w+)@/);
    this.#parts = pieces.filter((_, index) => index % 3 === 0);
    this.#names = pieces.flatMap((_, index) =>
      index % 3 === 0 ? [pieces[index + 1] ?? pieces[index + 2] ?? ''] : [],
    );
    const keyText = schema ? wrappedIn('key', prefix, 'agents_agent', [['id', 'int32']], key) : key;
    [this.#keyHead = '', this.#keyTail = ''] = keyText.split('@');
  }

  record(index: number): GeneratedRecord {
    const id = this.#idOf(index);
    const values = this.#values(index, id);
    let value = '';
    for (let part = 0; part < this.#parts.length - 1; part += 1) {
      value +=
        (this.#parts[part] ?? '') + must(values[this.#names[part] ?? ''], this.#names[part] ?? 'value');
    }
    return { key: this.#keyHead + id + this.#keyTail, value: value + (this.#parts.at(-1) ?? '') };
  }

  #idOf(index: number): number {
    if (this.#eachFirst && index < this.#keys) return 1 + index;
    const random = scrambled(index);
    if (scrambled(~index) / 2 ** 32 < this.#oneKeyShare) return 1;
    if (!this.#hot) return 1 + (random % this.#keys);
    const hotKeys = Math.max(1, Math.floor(this.#keys / 5));
    const rest = random >>> 8;
    return (random & 255) < 205
      ? 1 + (rest % hotKeys)
      : 1 + hotKeys + (rest % Math.max(1, this.#keys - hotKeys));
  }

  #values(index: number, id: number): Record<string, string | number> {
    const ms = START_MS + index;
    const lsn = lsnOf(index);
    const agent = this.#agent(id);
    const iso = new Date(ms).toISOString().slice(0, -1);
    return {
      id,
      hostname: agent.hostname,
      agentId: agent.agentId,
      meshNodeId: agent.meshNodeId,
      lastSeen: `${iso}701Z`,
      publicIp: `203.0.113.${id % 250}`,
      totalRam: 4 << (id % 4),
      bootTime: START_MS / 1000 - (id % 100_000) - 0.385,
      user: index % 3 === 0 ? 'None' : `user${index % 997}`,
      lastUser: `user${id % 997}`,
      siteId: siteOf(id),
      sequence: `[\\"${lsn - 56}\\",\\"${lsn}\\"]`,
      txId: 938 + index,
      lsn,
      ms,
      micros: `${ms}138`,
      nanos: `${ms}138000`,
      sentMs: ms + 88,
      sentMicros: `${ms + 88}110`,
      sentNanos: `${ms + 88}110611`,
    };
  }

  #agent(id: number): Agent {
    let agent = this.#agents.get(id);
    if (agent === undefined) {
      const meshNodeId = createHash('sha384').update(`node ${id}`).digest('hex');
      const agentId = createHash('sha384')
        .update(`agent ${id}`)
        .digest('base64')
        .replace(/[^A-Za-z]/g, 'x');
      agent = {
        hostname: `ACME-WS-${String(id).padStart(5, '0')}`,
        agentId: agentId.slice(0, 40),
        meshNodeId,
      };
      this.#agents.set(id, agent);
    }
    return agent;
  }
}

function lsnOf(index: number): number {
  return START_LSN + index * 56;
}

export function siteOf(agentId: number): number {
  return 1 + ((agentId * 7919) % SITES);
}

/** A number of 32 bits that looks random. */
export function scrambled(index: number): number {
  let hash = Math.imul(index ^ 0x9e3779b9, 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** A captured check-in with `@name@` in texts and `"@#name"` for numbers where the record's own values go. */
function template(prefix: string, wholeRow: boolean): Json {
  const captured = firstCaptured('tactical-postgres-cdc/tactical.public.agents_agent.jsonl', '"op":"u"');
  const { after, source, ...envelope } = JSON.parse(captured) as { after: Json; source: Json };
  const row: Json = {
    ...after,
    ...Object.fromEntries(OUT_OF_LINE.map((name) => [name, '__debezium_unavailable_value'])),
    id: '@#id',
    hostname: '@hostname@',
    agent_id: '@agentId@',
    mesh_node_id: '@meshNodeId@',
    last_seen: '@lastSeen@',
    public_ip: '@publicIp@',
    total_ram: '@#totalRam',
    boot_time: '@#bootTime',
    logged_in_username: '@user@',
    last_logged_in_user: '@lastUser@',
    modified_time: '@lastSeen@',
    site_id: '@#siteId',
  };
  const columns = Object.entries(row).filter(([name]) => wholeRow || !UNREAD.has(name));
  const place = { name: prefix, sequence: '@sequence@', txId: '@#txId', lsn: '@#lsn' };
  const times = { ts_ms: '@#ms', ts_us: '@#micros', ts_ns: '@#nanos' };
  const sent = { ts_ms: '@#sentMs', ts_us: '@#sentMicros', ts_ns: '@#sentNanos' };
  // Property order is the captured record's: what is there already keeps its place.
  return {
    before: null,
    after: Object.fromEntries(columns),
    source: { ...source, ...place, ...times },
    ...omit(envelope),
    ...sent,
  };
}

/** Below this many bytes a value has only the columns of KEPT. */
const FEW_COLUMNS_BELOW = 900;
/** Below this many, what Debezium says beside the row is cut down to PLACE; from the third on the row has all its columns. */
const SHORT_SOURCE_BELOW = 1300;
const WHOLE_ROW_FROM = 1700;
const KEPT = new Set(['id', 'hostname', 'agent_id', 'site_id']);
const PLACE = new Set(['connector', 'name', 'ts_ms', 'schema', 'table', 'lsn']);

function sizedTemplate(prefix: string, valueBytes: number): Json {
  const whole = template(prefix, valueBytes >= WHOLE_ROW_FROM) as { after: Json; source: Json } & Json;
  const { source, op, ts_ms } = whole;
  const after = valueBytes < FEW_COLUMNS_BELOW ? only(whole.after, KEPT) : whole.after;
  const row =
    valueBytes < SHORT_SOURCE_BELOW
      ? { before: null, after, source: only(source, PLACE), op, ts_ms }
      : { ...whole, after };
  const missing = valueBytes - JSON.stringify(row).length;
  return missing > FEW_COLUMNS_BELOW ? { ...row, after: { ...after, services: serviceList(missing) } } : row;
}

/** A JSON text as the agents report it, of about so many bytes within a JSON text. */
function serviceList(bytes: number): string {
  const services: string[] = [];
  for (let length = 0; length < bytes; ) {
    const number = scrambled(services.length);
    const service = JSON.stringify({ name: `Service ${number}`, status: 'running', pid: number % 32_768 });
    services.push(service);
    length += JSON.stringify(service).length - 1;
  }
  return `[${services.join(',')}]`;
}

function only(row: Json, names: ReadonlySet<string>): Json {
  return Object.fromEntries(Object.entries(row).filter(([name]) => names.has(name)));
}

function omit({ before: _, ...rest }: Json): Json {
  return rest;
}

function columnsOf(wholeRow: boolean): [string, string][] {
  const captured = firstCaptured('tactical-postgres-cdc/tactical.public.agents_agent.jsonl', '"op":"u"');
  const { after } = JSON.parse(captured) as { after: Json };
  return Object.entries(after)
    .filter(([name]) => wholeRow || !UNREAD.has(name))
    .map(([name, value]) => [name, columnKind(name, value)]);
}

/** The sites and clients of all agents, as snapshot reads. */
export function references(
  prefix = 'tactical',
  from = 0,
): { readonly topic: string; readonly record: GeneratedRecord }[] {
  const times = { created_time: '2026-09-01T08:24:08.530530Z', modified_time: '2026-09-01T08:24:08.530530Z' };
  const row = (table: string, id: number, after: Json) => ({
    topic: `${prefix}.public.${table}`,
    record: {
      key: JSON.stringify({ id }),
      value: snapshotRead({ prefix, table, lsn: lsnOf(from - 1) }, { id, ...after, ...times }),
    },
  });
  return [
    ...Array.from({ length: CLIENTS }, (_, index) =>
      row('clients_client', index + 1, { name: `Organisation ${index + 1}` }),
    ),
    ...Array.from({ length: SITES }, (_, index) =>
      row('clients_site', index + 1, { name: `Site ${index + 1}`, client_id: 1 + (index % CLIENTS) }),
    ),
  ];
}

function snapshotRead(
  { prefix, table, lsn }: { readonly prefix: string; readonly table: string; readonly lsn: number },
  after: Json,
): string {
  const captured = firstCaptured('tactical-postgres-cdc/tactical.public.clients_site.jsonl', '"op":"r"');
  const envelope = JSON.parse(captured) as { source: Json };
  return JSON.stringify({
    ...envelope,
    after,
    source: { ...envelope.source, name: prefix, table, lsn },
  });
}
