import { toSourceRecord } from '../../src/shared/captured-record.ts';
import type { Mutation } from '../../src/shared/mutation.ts';
import type { CapturedRecord } from '../../src/shared/record.ts';
import { createDecoder, type Decoded, type Decoder } from '../../src/workers/decode.ts';
import { SOURCES } from './captures.ts';

/** Records by hand, for what no capture has: wrong ones, and rare settings of the connectors. */

export const NOW = Date.parse('2026-09-02T12:00:00Z');

export const SITE = {
  id: 3,
  name: 'Main',
  client_id: 2,
  created_time: '2026-01-02T03:04:05Z',
  modified_time: null,
};

export const POSTGRES = {
  connector: 'postgresql',
  name: 'tactical',
  ts_ms: NOW,
  snapshot: 'false',
  sequence: '["24023119","24023128"]',
  table: 'clients_site',
  lsn: 24023128,
};

export const MARIADB = {
  connector: 'mariadb',
  name: 'fleetmdm',
  ts_ms: NOW,
  snapshot: 'false',
  table: 'hosts',
  file: 'mysql-bin.000003',
  pos: 4012,
  row: 2,
};

export const MONGODB = {
  connector: 'mongodb',
  name: 'meshcentral',
  ts_ms: NOW,
  snapshot: 'false',
  collection: 'meshcentral',
};

export function captured(fields: Partial<CapturedRecord>): CapturedRecord {
  return {
    topic: 'tactical.public.clients_site',
    partition: 1,
    offset: 42,
    timestamp: NOW,
    key: '{"id":3}',
    value: null,
    headers: [],
    ...fields,
  };
}

/** A change of a site, with parts of the envelope or the record replaced. */
export function siteRecord(envelope: object, fields: Partial<CapturedRecord> = {}): CapturedRecord {
  const value = { before: null, after: SITE, source: POSTGRES, op: 'u', ts_ms: NOW, ...envelope };
  return captured({ value: JSON.stringify(value), ...fields });
}

/** A row of a Fleet table. */
export function fleetRecord(
  table: string,
  after: object,
  fields: Partial<CapturedRecord> = {},
): CapturedRecord {
  const value = { before: null, after, source: { ...MARIADB, table }, op: 'u', ts_ms: NOW };
  return captured({
    topic: `fleetmdm.fleet.${table}`,
    key: '{"id":1}',
    value: JSON.stringify(value),
    ...fields,
  });
}

/** A change of a row of a Tactical table. */
export function tacticalRecord(
  table: string,
  envelope: object,
  fields: Partial<CapturedRecord> = {},
): CapturedRecord {
  return siteRecord(
    { source: { ...POSTGRES, table }, ...envelope },
    { topic: `tactical.public.${table}`, ...fields },
  );
}

/** A row of agents_agent. */
export function agentRecord(after: object, fields: Partial<CapturedRecord> = {}): CapturedRecord {
  return siteRecord(
    { after: { id: 3, hostname: 'PC-1', ...after }, source: { ...POSTGRES, table: 'agents_agent' } },
    { topic: 'tactical.public.agents_agent', ...fields },
  );
}

/** A document of MeshCentral's main collection; `document` is its Extended JSON. */
export function meshRecord(
  id: string,
  document: string | null,
  op: string,
  fields: Partial<CapturedRecord> = {},
): CapturedRecord {
  return captured({
    topic: 'meshcentral.meshcentral.meshcentral',
    key: JSON.stringify({ id: JSON.stringify(id) }),
    value: JSON.stringify({ before: null, after: document, source: MONGODB, op, ts_ms: NOW }),
    ...fields,
  });
}

export interface Trial {
  readonly decoder: Decoder;
  readonly guarded: string[];
  readonly unmapped: string[];
  readonly unmappedEvents: string[];
  decode(record: CapturedRecord): Decoded;
  /** The only mutation of a record that must be decoded. */
  mutation(record: CapturedRecord): Mutation;
}

export function newTrial(): Trial {
  const guarded: string[] = [];
  const unmapped: string[] = [];
  const unmappedEvents: string[] = [];
  const decoder = createDecoder({
    sources: SOURCES,
    now: () => NOW,
    onGuard: (type, rule) => guarded.push(`${type} ${rule}`),
    onUnmapped: (name) => unmapped.push(name),
    onUnmappedEvent: (tool, sourceType) => unmappedEvents.push(`${tool} ${sourceType}`),
  });
  const decode = (record: CapturedRecord): Decoded => decoder.decode(toSourceRecord(record));
  const mutation = (record: CapturedRecord): Mutation => {
    const decoded = decode(record);
    if (decoded.kind !== 'changes') throw new Error(`not decoded: ${JSON.stringify(decoded)}`);
    const [change, ...others] = decoded.changes;
    if (change === undefined || others.length > 0) throw new Error(`${decoded.changes.length} changes`);
    return change.mutation;
  };
  return { decoder, guarded, unmapped, unmappedEvents, decode, mutation };
}
