import type { SkipReason } from '../shared/outcome.ts';
import type { SourceRecord } from '../shared/record.ts';
import {
  mongoVersion,
  mysqlVersion,
  postgresVersion,
  sqlServerVersion,
  type Version,
} from '../shared/version.ts';
import { isArray, isObject, type Json, type JsonObject, kindOf } from './json-text.ts';
import { RecordRejected } from './rejection.ts';

/**
 * Debezium's envelope `{before, after, source, op, ts_ms, …}`: which records are one, and where a change stands in its source.
 */

export type Op = 'c' | 'u' | 'd' | 'r' | 't' | 'm';

export const HEARTBEAT_TOPICS = '__debezium-heartbeat.';

/** A replayed dead letter is ordered by its first place (contract, section 4). */
const REPLAY_OFFSET = 'openframe.replay.offset';
const REPLAY_TIMESTAMP = 'openframe.replay.timestamp';

export function isOp(value: Json): value is Op {
  return value === 'c' || value === 'u' || value === 'd' || value === 'r' || value === 't' || value === 'm';
}

/**
 * Messages without `op` that connectors write beside the changes. They have topics of their own, but topics can be renamed by a
 * transform, so the shape decides.
 */
export function sideMessage(value: JsonObject): SkipReason | undefined {
  if ((value.status === 'BEGIN' || value.status === 'END') && typeof value.id === 'string')
    return 'transaction';
  if (value.databaseName !== undefined && (value.ddl !== undefined || isArray(value.tableChanges))) {
    return 'schema_change';
  }
  if (typeof value.ts_ms === 'number' && Object.keys(value).length === 1) return 'heartbeat';
  return undefined;
}

/** The operation of a value that has one, or why there is nothing to do. Throws for what is no envelope. */
export function operationOf(value: Json): Op | SkipReason {
  if (value === null) return 'tombstone';
  if (!isObject(value))
    throw new RecordRejected('not_an_envelope', `value is ${kindOf(value)}, not an object`);
  const op = value.op;
  if (op === undefined || op === null) {
    const reason = sideMessage(value);
    if (reason === undefined) throw new RecordRejected('not_an_envelope', 'value has no op');
    return reason;
  }
  if (isOp(op)) return op === 'm' ? 'logical_message' : op;
  const shown = typeof op === 'string' ? `a text of ${op.length} characters` : kindOf(op);
  throw new RecordRejected('unknown_operation', `op is ${shown}, expected one of c u d r t m`);
}

export function sourceOf(value: JsonObject): JsonObject {
  if (isObject(value.source)) return value.source;
  throw new RecordRejected('not_an_envelope', `source is ${kindOf(value.source)}, not an object`);
}

/** When the source committed the change; of records that do not say it, the time of the connector or of the record itself. */
export function sourceTime(value: JsonObject, source: JsonObject, record: SourceRecord): number {
  if (typeof source.ts_ms === 'number') return source.ts_ms;
  if (typeof value.ts_ms === 'number') return value.ts_ms;
  return headerInteger(record, REPLAY_TIMESTAMP) ?? record.timestamp;
}

/** Whether a number that orders the change was rounded while parsing. */
export function isPositionRounded(source: JsonObject): boolean {
  return isRounded(source.lsn) || isRounded(source.pos);
}

function isRounded(value: Json | undefined): boolean {
  return typeof value === 'number' && !Number.isSafeInteger(value);
}

/** The version of a change (contract, section 4). `source` has its numbers exact. */
export function versionOf(source: JsonObject, epoch: number, op: Op, record: SourceRecord): Version {
  const snapshot = op === 'r';
  switch (source.connector) {
    case 'postgresql':
      return postgresVersion(epoch, lsnOf(source), snapshot);
    case 'mysql':
    case 'mariadb':
      return mysqlVersion(
        epoch,
        binlogNumber(source),
        integer(source, 'pos'),
        Number(integer(source, 'row')),
        snapshot,
      );
    case 'mongodb':
      return mongoVersion(epoch, headerInteger(record, REPLAY_OFFSET) ?? record.offset, snapshot);
    case 'sqlserver':
      return changeTableVersion(source, epoch, snapshot);
    default:
      throw new RecordRejected(
        'missing_version',
        'source.connector is none of postgresql, mysql, mariadb, mongodb, sqlserver',
      );
  }
}

/** Where a change stands in its source, as readable text: a part of the ids of what is made of changes and not of rows. */
export function positionOf(source: JsonObject): string {
  const { connector, file, pos, row, lsn } = source;
  if (connector === 'mysql' || connector === 'mariadb') return `${file}:${pos}:${row}`;
  if (connector !== 'sqlserver') return String(lsn);
  const { commit_lsn, change_lsn, event_serial_no } = source;
  return [commit_lsn, change_lsn, event_serial_no]
    .filter((part) => part !== null && part !== undefined)
    .join('/');
}

/** SQL Server. Rows of a snapshot have neither a change's LSN nor a serial number. */
function changeTableVersion(source: JsonObject, epoch: number, snapshot: boolean): Version {
  const { commit_lsn: commit, change_lsn: change = null, event_serial_no: serial = null } = source;
  const number = serial === null ? 0 : integer(source, 'event_serial_no');
  if (typeof commit === 'string' && (typeof change === 'string' || (change === null && snapshot))) {
    const version = sqlServerVersion(epoch, commit, change, number, snapshot);
    if (version !== undefined) return version;
  }
  throw new RecordRejected('missing_version', 'source has no commit_lsn or no change_lsn that is one');
}

/** Rows of an incremental snapshot have no lsn; their `sequence`, a JSON list in a text, ends in the position of the stream. */
function lsnOf(source: JsonObject): number | bigint {
  const lsn = source.lsn;
  if (typeof lsn === 'number' || typeof lsn === 'bigint') return integer(source, 'lsn');
  const sequence = typeof source.sequence === 'string' ? /"(\d+)"\s*\]$/.exec(source.sequence) : null;
  if (sequence?.[1] !== undefined) return BigInt(sequence[1]);
  throw new RecordRejected('missing_version', 'source has neither lsn nor sequence');
}

/** A position; negative ones would not sort. */
function integer(source: JsonObject, field: 'lsn' | 'pos' | 'row' | 'event_serial_no'): number | bigint {
  const value = source[field];
  if (typeof value === 'bigint' && value >= 0n) return value;
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  throw new RecordRejected('missing_version', `source.${field} is ${kindOf(value)}, expected a position`);
}

let lastFile = '';
let lastFileNumber = 0;

/** The number at the end of a binlog file's name, `mysql-bin.000003`. */
function binlogNumber(source: JsonObject): number {
  const file = source.file;
  if (file === lastFile && lastFile !== '') return lastFileNumber;
  const match = typeof file === 'string' ? /\.(\d{1,10})$/.exec(file) : null;
  if (typeof file !== 'string' || match === null) {
    throw new RecordRejected('missing_version', 'source.file does not end in the number of a binlog file');
  }
  lastFile = file;
  lastFileNumber = Number(match[1]);
  return lastFileNumber;
}

function headerInteger(record: SourceRecord, name: string): number | undefined {
  const text = record.header(name);
  if (text === undefined || !/^\d{1,16}$/.test(text)) return undefined;
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : undefined;
}
