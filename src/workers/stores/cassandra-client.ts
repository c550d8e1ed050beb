import { readFileSync } from 'node:fs';
import cassandra, { type Client, type QueryOptions } from 'cassandra-driver';
import { DependencyError, messageOf } from '../../shared/errors.ts';
import type { CassandraSettings, TlsSettings } from '../../shared/settings.ts';

const { policies, types } = cassandra;

const CONSISTENCIES = {
  LOCAL_ONE: types.consistencies.localOne,
  LOCAL_QUORUM: types.consistencies.localQuorum,
  QUORUM: types.consistencies.quorum,
  ALL: types.consistencies.all,
} as const;
const SERIAL_CONSISTENCIES = {
  LOCAL_SERIAL: types.consistencies.localSerial,
  SERIAL: types.consistencies.serial,
} as const;

/** The driver waits up to ten minutes between attempts by default; after an outage nobody wants to. */
const RECONNECT_MIN_MS = 200;
const RECONNECT_MAX_MS = 3000;

/** For writes. The driver must not send a conditional one twice by itself: the second answer would say that it was refused. */
export const WRITE_OPTIONS: QueryOptions = { prepare: true, logged: false, isIdempotent: false };
/** For writes that may come twice. */
export const PLAIN_WRITE_OPTIONS: QueryOptions = { ...WRITE_OPTIONS, isIdempotent: true };
export const READ_OPTIONS: QueryOptions = { prepare: true, isIdempotent: true };
/** Sees every conditional write that was answered, and ends those that were not. */
export const SERIAL_READ_OPTIONS: QueryOptions = {
  ...READ_OPTIONS,
  consistency: cassandra.types.consistencies.localSerial,
};

function pem(path: string, what: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new DependencyError(`cannot read Cassandra's ${what} ${path}: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

/** The driver connects to any certificate unless told otherwise. Host names are checked by Node's own checkServerIdentity. */
function tlsOptions(tls: TlsSettings): NonNullable<cassandra.ClientOptions['sslOptions']> {
  return {
    rejectUnauthorized: true,
    minVersion: 'TLSv1.2',
    ...(tls.caFile === undefined ? {} : { ca: [pem(tls.caFile, 'CA file')] }),
    ...(tls.certFile === undefined ? {} : { cert: pem(tls.certFile, 'certificate') }),
    ...(tls.keyFile === undefined ? {} : { key: pem(tls.keyFile, 'key') }),
  };
}

/** A client that is not connected yet; it connects with its first request, or by `connect()`. */
export function createClient(settings: CassandraSettings): Client {
  const { username, password, tls } = settings;
  return new cassandra.Client({
    contactPoints: [...settings.contactPoints],
    localDataCenter: settings.localDataCenter,
    // No keyspace: every statement names it, so that a missing one is the same error as a missing table.
    encoding: { useBigIntAsLong: true },
    monitorReporting: { enabled: false },
    queryOptions: {
      prepare: true,
      consistency: CONSISTENCIES[settings.consistency],
      serialConsistency: SERIAL_CONSISTENCIES[settings.serialConsistency],
    },
    socketOptions: { readTimeout: settings.requestTimeoutMs, connectTimeout: settings.requestTimeoutMs },
    policies: {
      // The default policy repeats requests on the next host, conditional ones too, without asking whether they are idempotent.
      retry: new policies.retry.FallthroughRetryPolicy(),
      reconnection: new policies.reconnection.ExponentialReconnectionPolicy(
        RECONNECT_MIN_MS,
        RECONNECT_MAX_MS,
        false,
      ),
    },
    ...(tls === undefined ? {} : { sslOptions: tlsOptions(tls) }),
    ...(username === undefined ? {} : { credentials: { username, password: password ?? '' } }),
  });
}
