import type { Tool } from './entity.ts';
import type { ProvidedEntity } from './reference-table.ts';

/**
 * What a worker is told when it starts: plain data, cloned into the thread. The configuration (main/config.ts) is validated before
 * and produces these shapes.
 */

/** One Debezium connector as this pipeline sees it. */
export interface SourceDefinition {
  /** Connector name, `<tool>-<db>-cdc`. */
  readonly name: string;
  readonly tool: Tool;
  /** Debezium's `topic.prefix`: the first segment of its topics and `source.name`. */
  readonly topicPrefix: string;
  /** Raised by the operator when the source database is restored or failed over; stands in front of every version. */
  readonly epoch: number;
}

export interface TlsSettings {
  /** Paths of PEM files. */
  readonly caFile?: string | undefined;
  readonly certFile?: string | undefined;
  readonly keyFile?: string | undefined;
}

export type WriteMode = 'lwt' | 'timestamp';

export interface CassandraSettings {
  readonly kind: 'cassandra';
  /** `host` or `host:port`. */
  readonly contactPoints: readonly string[];
  readonly localDataCenter: string;
  readonly keyspace: string;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  /** Absent: no TLS. Present: the server is always verified. */
  readonly tls?: TlsSettings | undefined;
  readonly consistency: 'LOCAL_ONE' | 'LOCAL_QUORUM' | 'QUORUM' | 'ALL';
  readonly serialConsistency: 'LOCAL_SERIAL' | 'SERIAL';
  /** Used by `schema apply` only. */
  readonly replicationFactor: number;
  /** Fixed when the tables are made. */
  readonly buckets: number;
  readonly writeMode: WriteMode;
  /** Table name to mode, for tables that differ from `writeMode`. */
  readonly writeModes: Readonly<Record<string, WriteMode>>;
  readonly requestTimeoutMs: number;
  /** How long a deleted row stays as a marker. */
  readonly deletedKeepSeconds: number;
  /** How long a row of a history entity stays after it was last written. */
  readonly historyKeepSeconds: number;
  /** Row versions kept in memory per worker. */
  readonly knownVersionsMax: number;
  /** Bytes of whole rows kept in memory per worker; 0 for none. */
  readonly knownRowsBytes: number;
}

export interface EmbeddedSettings {
  readonly kind: 'embedded';
  /** Folder of the LMDB environment; made if it is not there. */
  readonly path: string;
  /** How long a deleted row stays as a marker; older ones go when the store is opened. */
  readonly deletedKeepSeconds: number;
  /** How long a row of a history entity stays after it was last written; older ones go when the store is opened. */
  readonly historyKeepSeconds: number;
  readonly buckets: number;
}

/** No canonical state: every mutation counts as written. For benches of the path without a store. */
export interface NoStoreSettings {
  readonly kind: 'none';
  readonly buckets: number;
}

export type StoreSettings = CassandraSettings | EmbeddedSettings | NoStoreSettings;

/** What a provider of references is asked for. */
interface ProviderScope {
  /** A metric label. */
  readonly name: string;
  readonly entities: readonly ProvidedEntity[];
  readonly tools: readonly Tool[];
}

export interface HttpProviderSettings extends ProviderScope, TlsSettings {
  readonly kind: 'http';
  readonly url: string;
  /** Path of a file that holds the bearer token. */
  readonly tokenFile?: string | undefined;
  /** Of a look-up as a whole. */
  readonly timeoutMs: number;
  readonly connections: number;
  readonly keysPerRequestMax: number;
  readonly responseBytesMax: number;
  readonly failuresToOpen: number;
  readonly probeIntervalMs: number;
}

export interface FileProviderSettings extends ProviderScope {
  readonly kind: 'file';
  /** YAML, or JSON by a name that ends in `.json`. */
  readonly path: string;
  readonly refreshMs: number;
}

export type ProviderSettings = HttpProviderSettings | FileProviderSettings;
