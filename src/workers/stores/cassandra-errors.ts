import cassandra from 'cassandra-driver';
import { DependencyError, DestinationError, type FailureKind } from '../../shared/errors.ts';

const { errors } = cassandra;

/** Codes of the native protocol's ERROR frame. */
const CODE = {
  serverError: 0x0000,
  badCredentials: 0x0100,
  unavailable: 0x1000,
  overloaded: 0x1001,
  bootstrapping: 0x1002,
  truncateError: 0x1003,
  writeTimeout: 0x1100,
  readTimeout: 0x1200,
  readFailure: 0x1300,
  functionFailure: 0x1400,
  writeFailure: 0x1500,
  casWriteUnknown: 0x1700,
  unauthorized: 0x2100,
} as const;

/** About the cluster as a whole: nothing would get through. */
const OUTAGE: readonly number[] = [
  CODE.unavailable,
  CODE.bootstrapping,
  CODE.badCredentials,
  CODE.unauthorized,
];
/**
 * About the moment. After a write timeout of a conditional batch or 0x1700 nobody knows whether it was applied: tried again, an
 * applied one reads as a duplicate.
 */
const TRANSIENT: readonly number[] = [
  CODE.serverError,
  CODE.overloaded,
  CODE.truncateError,
  CODE.writeTimeout,
  CODE.readTimeout,
  CODE.readFailure,
  CODE.writeFailure,
  CODE.casWriteUnknown,
];
const MISSING_SCHEMA =
  /^(?:table|keyspace) \S+ does not exist|^unconfigured table|^Undefined column name|^Keyspace '.*' does not exist/i;
const MESSAGE_MAX = 300;
const SCHEMA_ADVICE = 'run: openframe-stream schema apply';

function responseKind(code: number): FailureKind {
  if (OUTAGE.includes(code)) return 'outage';
  return TRANSIENT.includes(code) ? 'transient' : 'permanent';
}

function isDriverError(error: unknown): error is Error & { readonly info: string } {
  return error instanceof errors.DriverError;
}

/** The errors of the hosts that were tried; none when every one of them was known to be down. */
function innerErrors(error: InstanceType<typeof errors.NoHostAvailableError>): readonly unknown[] {
  const inner: unknown = error.innerErrors;
  return typeof inner === 'object' && inner !== null ? Object.values(inner) : [];
}

function noHostKind(error: InstanceType<typeof errors.NoHostAvailableError>): FailureKind {
  const inner = innerErrors(error);
  const passing = inner.every(
    (one) => one instanceof errors.BusyConnectionError || one instanceof errors.OperationTimedOutError,
  );
  return inner.length > 0 && passing ? 'transient' : 'outage';
}

/** The server's answer within whatever the driver has wrapped it in. */
function responseOf(error: unknown): InstanceType<typeof errors.ResponseError> | undefined {
  if (error instanceof errors.ResponseError) return error;
  if (!(error instanceof errors.NoHostAvailableError)) return undefined;
  for (const inner of innerErrors(error)) if (inner instanceof errors.ResponseError) return inner;
  return undefined;
}

/**
 * What a driver's error means for the work in hand; `doing` says what was tried ("write to devices"). Only messages of the server
 * are repeated: they speak of sizes and names, while the driver quotes the value that it could not serialise (and is therefore not
 * kept as the cause either).
 */
export function cassandraFailure(error: unknown, doing: string): DestinationError | DependencyError {
  if (error instanceof DestinationError || error instanceof DependencyError) return error;
  const failed = `Cassandra: ${doing} failed: `;
  const response = responseOf(error);
  if (response !== undefined) {
    const text = response.message.slice(0, MESSAGE_MAX);
    if (MISSING_SCHEMA.test(text)) return new DependencyError(`${failed}${text}; ${SCHEMA_ADVICE}`);
    const code = response.code.toString(16).padStart(4, '0');
    return new DestinationError(responseKind(response.code), `${failed}${text} (0x${code})`, {
      cause: error,
    });
  }
  if (error instanceof errors.NoHostAvailableError) {
    const inner = innerErrors(error).map((one) => (one instanceof Error ? one.message : String(one)));
    const reason = [...new Set(inner)].join('; ').slice(0, MESSAGE_MAX) || 'every host is down';
    return new DestinationError(noHostKind(error), `${failed}no host available: ${reason}`, { cause: error });
  }
  if (error instanceof errors.OperationTimedOutError || error instanceof errors.BusyConnectionError) {
    return new DestinationError('transient', `${failed}${error.message}`, { cause: error });
  }
  if (error instanceof errors.AuthenticationError) {
    return new DestinationError('outage', `${failed}authentication failed`, { cause: error });
  }
  if (error instanceof errors.ArgumentError || error instanceof TypeError || error instanceof RangeError) {
    return new DestinationError('permanent', `${failed}the driver cannot serialise a value (${error.name})`);
  }
  // "Socket was closed" and its like: what was under way is unknown, and the reconnection policy is at work.
  const message =
    isDriverError(error) || hasCode(error) ? error.message.slice(0, MESSAGE_MAX) : 'unexpected error';
  return new DestinationError('outage', `${failed}${message}`, { cause: error });
}

/** Runs a request; what it fails with says what the failure means. */
export async function attempt<T>(doing: string, request: () => Promise<T>): Promise<T> {
  try {
    return await request();
  } catch (error) {
    throw cassandraFailure(error, doing);
  }
}

/** Errors of sockets and TLS (ECONNREFUSED, CERT_HAS_EXPIRED). */
function hasCode(error: unknown): error is Error & { readonly code: string } {
  return error instanceof Error && 'code' in error && typeof error.code === 'string';
}
