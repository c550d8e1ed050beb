import { accessSync, constants, existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { type Config, storeSettings } from '../../main/config.ts';
import { messageOf } from '../../shared/errors.ts';
import type { CassandraSettings, EmbeddedSettings } from '../../shared/settings.ts';
import { createClient } from '../../workers/stores/cassandra-client.ts';
import { planSchema } from '../schema.ts';
import { type Finding, fail, ok, warn } from './finding.ts';

/** Beyond this, write timestamps of other clients and ours are no longer in an order that anyone expects. */
const CLOCK_SKEW_MS = 1000;

async function schema(settings: CassandraSettings): Promise<Finding[]> {
  const { changes, problems } = await planSchema(settings);
  const findings = [ok('cassandra', `reached through ${settings.contactPoints.join(', ')}`)];
  for (const problem of problems) {
    findings.push(
      fail(
        'cassandra schema',
        problem,
        'openframe-stream schema plan; then mend the table or the configuration',
      ),
    );
  }
  if (changes.length > 0) {
    findings.push(
      fail(
        'cassandra schema',
        `${changes.length} changes to make: ${changes[0]?.what}`,
        'openframe-stream schema apply',
      ),
    );
  }
  if (findings.length === 1)
    findings.push(ok('cassandra schema', `keyspace ${settings.keyspace} is complete`));
  return findings;
}

async function clock(settings: CassandraSettings): Promise<Finding> {
  const client = createClient(settings);
  try {
    await client.connect();
    const before = Date.now();
    const { rows } = await client.execute('SELECT toTimestamp(now()) AS now FROM system.local');
    const after = Date.now();
    const told: unknown = rows[0]?.now;
    if (!(told instanceof Date))
      return warn('clock against cassandra', 'the node does not tell its time', '');
    // The node read its clock somewhere between the two.
    const skew = Math.max(0, before - told.getTime(), told.getTime() - after);
    if (skew <= CLOCK_SKEW_MS) return ok('clock against cassandra', `within ${CLOCK_SKEW_MS} ms`);
    return warn(
      'clock against cassandra',
      `${skew} ms apart`,
      'keep the clocks of this machine and of the nodes by NTP',
    );
  } finally {
    await client.shutdown();
  }
}

function tls({ tls: files }: CassandraSettings): Finding {
  if (files !== undefined) return ok('cassandra tls', 'on, and the nodes are verified');
  return warn(
    'cassandra tls',
    'off',
    'set store.cassandra.tls.enabled unless the network between is trusted',
  );
}

function embedded({ path }: EmbeddedSettings): Finding {
  let folder = resolve(path);
  while (!existsSync(folder)) folder = dirname(folder);
  try {
    accessSync(folder, constants.W_OK);
    return ok('store', `embedded, in ${path}`);
  } catch {
    return fail(
      'store',
      `${folder} cannot be written to`,
      'set store.embedded.path to a folder of this user',
    );
  }
}

/** Of the configured store. */
export async function storeFindings(config: Config): Promise<Finding[]> {
  const settings = storeSettings(config);
  if (settings.kind === 'none')
    return [warn('store', 'none: canonical rows are not kept', 'set store.kind to cassandra')];
  if (settings.kind === 'embedded') return [embedded(settings)];
  try {
    return [...(await schema(settings)), await clock(settings), tls(settings)];
  } catch (error) {
    const advice =
      'check store.cassandra.contactPoints, localDataCenter, username and tls, and that the nodes run';
    return [fail('cassandra', messageOf(error), advice)];
  }
}
