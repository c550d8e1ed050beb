/**
 * A row's version orders the changes of one source row (contract, section 4). It is text of fixed width per connector, so that it
 * sorts alike in JavaScript, in Cassandra (`IF version < ?`) and as Pinot's comparison column:
 *
 *   PostgreSQL       eeee-llllllllllllllll-s                    epoch, LSN
 *   MySQL, MariaDB   eeee-ffffffff-pppppppppppppppp-rrrrrrrr-s  epoch, binlog file number, position, row
 *   MongoDB          eeee-oooooooooooooooo-s                    epoch, Kafka offset
 *   SQL Server       eeee-<20 digits>-<20 digits>-nnnnnnnn-s    epoch, commit LSN, change LSN, event serial number
 *
 * All numbers are hexadecimal. `s` is 0 for a snapshot read and 1 for a streamed change: at an equal position the latter wins.
 * SQL Server's change LSNs grow within a transaction only, so that the commit comes first, as in the order in which Debezium reads
 * the change tables. An update of a unique column is a delete and an insert with both LSNs equal: the serial number tells them apart.
 * Rows of a snapshot have the commit alone, and so stand in front of what that transaction changed.
 */
export type Version = string;

const hex = (value: number | bigint, digits: number): string => value.toString(16).padStart(digits, '0');

/**
 * A position, 16 digits. V8 writes hexadecimal digits quickly of numbers below 2^31 only, so a larger one is written in two
 * parts.
 */
function position16(value: number | bigint): string {
  if (typeof value === 'bigint') return hex(value, 16);
  const high = Math.floor(value / LOW);
  return hex(high, 10) + hex(value - high * LOW, 6);
}
const LOW = 0x1000000;
const end = (snapshot: boolean): string => (snapshot ? '-0' : '-1');

/** `lsn` as a number while it is safe, otherwise as a bigint. */
export function postgresVersion(epoch: number, lsn: number | bigint, snapshot: boolean): Version {
  return `${hex(epoch, 4)}-${position16(lsn)}${end(snapshot)}`;
}

export function mysqlVersion(
  epoch: number,
  fileNumber: number,
  position: number | bigint,
  row: number,
  snapshot: boolean,
): Version {
  return `${hex(epoch, 4)}-${hex(fileNumber, 8)}-${position16(position)}-${hex(row, 8)}${end(snapshot)}`;
}

export function mongoVersion(epoch: number, offset: number, snapshot: boolean): Version {
  return `${hex(epoch, 4)}-${position16(offset)}${end(snapshot)}`;
}

const LSN = /^([0-9a-f]{8}):([0-9a-f]{8}):([0-9a-f]{4})$/i;
const LSN_DIGITS = 20;
const NO_LSN = '0'.repeat(LSN_DIGITS);

/** LSNs as SQL Server writes them, `00000027:00000ac0:0002`; the change's is null in a snapshot. Undefined when one is none. */
export function sqlServerVersion(
  epoch: number,
  commitLsn: string,
  changeLsn: string | null,
  eventSerialNumber: number | bigint,
  snapshot: boolean,
): Version | undefined {
  const commit = lsnDigits(commitLsn);
  const change = changeLsn === null ? NO_LSN : lsnDigits(changeLsn);
  if (commit === undefined || change === undefined) return undefined;
  return `${hex(epoch, 4)}-${commit}-${change}-${hex(eventSerialNumber, 8)}${end(snapshot)}`;
}

function lsnDigits(lsn: string): string | undefined {
  const match = LSN.exec(lsn);
  return match === null ? undefined : match.slice(1).join('').toLowerCase();
}

/** 13 bits of epoch, 49 of position and 1 of rank: the largest that a positive 64-bit write timestamp holds. */
const POSITION_BITS = 49n;

/**
 * A version as a Cassandra write timestamp, for tables in `timestamp` mode. Monotonic in the version as long as the epoch is below
 * 8192 and the position below 2^49 (an LSN of 512 TiB; MySQL: file numbers below 2^17, 4 GiB each). Rows of one binlog event share
 * a position: the row number does not fit. Throws a RangeError beyond those limits, and for every version of SQL Server: its LSNs have
 * 80 bits.
 */
export function versionTimestamp(version: Version): bigint {
  const texts = version.split('-');
  if (texts[1]?.length === LSN_DIGITS) {
    throw new RangeError(
      `version ${version} is SQL Server's, which no write timestamp holds: its tables take write mode lwt`,
    );
  }
  const parts = texts.map((part) => BigInt(`0x${part}`));
  const [epoch = 0n, first = 0n, second = 0n] = parts;
  const rank = parts[parts.length - 1] ?? 0n;
  const position = parts.length === 5 ? (first << 32n) | second : first;
  if (epoch >= 8192n || position >= 1n << POSITION_BITS || (parts.length === 5 && second >= 1n << 32n)) {
    throw new RangeError(`version ${version} does not fit into a write timestamp`);
  }
  return (epoch << (POSITION_BITS + 1n)) | (position << 1n) | rank;
}
