import cassandra from 'cassandra-driver';
import { describe, expect, it } from 'vitest';
import { DependencyError, DestinationError } from '../../../src/shared/errors.ts';
import { cassandraFailure } from '../../../src/workers/stores/cassandra-errors.ts';
import { CassandraStore } from '../../../src/workers/stores/cassandra-store.ts';
import {
  dropKeyspace,
  keyspaceName,
  makeKeyspace,
  SERVER,
  SKIPPED,
  settingsFor,
} from './cassandra-server.ts';
import { device, freshId } from './samples.ts';

const { errors } = cassandra;

function kindOf(error: unknown): string {
  const failure = cassandraFailure(error, 'write');
  return failure instanceof DestinationError ? failure.kind : 'dependency';
}

describe("what the driver's errors mean", () => {
  it.each([
    [0x0000, 'transient'],
    [0x1000, 'outage'],
    [0x1001, 'transient'],
    [0x1002, 'outage'],
    [0x1100, 'transient'],
    [0x1200, 'transient'],
    [0x1500, 'transient'],
    [0x1700, 'transient'],
    [0x2000, 'permanent'],
    [0x2100, 'outage'],
    [0x2200, 'permanent'],
  ])('code %i of the server is %s', (code, kind) => {
    expect(kindOf(new errors.ResponseError(code, 'says the server'))).toBe(kind);
  });

  it('no host without any reason is an outage, every host being busy is not', () => {
    expect(kindOf(new errors.NoHostAvailableError({}))).toBe('outage');
    expect(kindOf(new errors.NoHostAvailableError({ a: new Error('connect ECONNREFUSED') }))).toBe('outage');
    const busy = new errors.BusyConnectionError('a', 2048, 1);
    expect(kindOf(new errors.NoHostAvailableError({ a: busy }))).toBe('transient');
    expect(kindOf(busy)).toBe('transient');
    expect(kindOf(new errors.OperationTimedOutError('no answer', 'a'))).toBe('transient');
    expect(kindOf(new errors.DriverInternalError('Socket was closed'))).toBe('outage');
  });

  it('values that the driver quotes are not repeated', () => {
    const failure = cassandraFailure(new TypeError('expected String, obtained "secret"'), 'write');
    expect(failure).toMatchObject({ kind: 'permanent' });
    expect(failure.message).not.toMatch(/secret/);
    expect(failure.cause).toBeUndefined();
  });

  it('nobody listening is an outage', async () => {
    const store = new CassandraStore({ ...settingsFor('nobody'), contactPoints: ['127.0.0.1:1'] });
    await expect(store.probe()).rejects.toMatchObject({ kind: 'outage' });
    await expect(store.write([device('1', 1, {})])).rejects.toMatchObject({ kind: 'outage' });
    await store.close();
  });
});

describe.skipIf(SERVER === undefined)(`errors of a real Cassandra${SKIPPED}`, () => {
  it('name the command that makes a missing keyspace', async () => {
    const store = new CassandraStore(settingsFor('never_made'));
    await expect(store.write([device('1', 1, {})])).rejects.toThrow(DependencyError);
    await expect(store.read('device', 'fleet-mdm', ['1'])).rejects.toThrow(/openframe-stream schema apply/);
    await store.close();
  });

  it('are permanent for a request that it refuses, which leaves the rest writable', async () => {
    const settings = settingsFor(keyspaceName('errors'));
    await makeKeyspace(settings);
    const store = new CassandraStore(settings);
    try {
      // A conditional statement over half a commit log segment would fail as a time-out instead; a read over the frame does not.
      const wide = store.read('device', 'fleet-mdm', ['x'.repeat(18_000_000)]);
      await expect(wide).rejects.toMatchObject({ kind: 'permanent' });
      await expect(wide).rejects.not.toThrow(/xxx/);
      expect(await store.write([device(freshId(), 1, {})])).toEqual(['written']);
    } finally {
      await store.close();
      await dropKeyspace(settings);
    }
  }, 120_000);
});
