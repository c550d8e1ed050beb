import type { types } from 'cassandra-driver';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type DebeziumSources, startDebeziumSources } from './debezium-sources.ts';
import { awaitRecords, type TestRecord } from './records.ts';
import { CanonicalRows } from './rows.ts';
import { serverFolder } from './runs.ts';
import { type Service, startService } from './service.ts';
import { describeStack, sharedCassandra } from './stack.ts';

const CLIENT_REST = "false, '{}'";
const AGENT_COLUMNS = `version, operating_system, plat, hostname, agent_id, last_seen, total_ram, monitoring_type,
  overdue_email_alert, overdue_text_alert, overdue_time, check_interval, needs_reboot, choco_installed, maintenance_mode, site_id,
  overdue_dashboard_alert, offline_time, block_policy_inheritance, default_shell, default_shell_custom`;

function agent(id: number, hostname: string): string {
  return `INSERT INTO agents_agent (id, ${AGENT_COLUMNS}) VALUES (${id}, '2.9.1', 'Windows 11 Pro', 'windows', '${hostname}',
    'agent-${id}', '2026-11-01T10:00:00Z', 16, 'workstation', false, false, 30, 120, false, false, false, 1, false, 4, false, '', '')`;
}

describeStack('the connectors over real databases', ['connect', 'cassandra', 'postgres', 'mariadb'], () => {
  let sources: DebeziumSources;

  beforeAll(async () => {
    sources = await startDebeziumSources({
      tactical: `
        INSERT INTO clients_client (id, name, block_policy_inheritance, failing_checks) VALUES (1, 'Acme', ${CLIENT_REST});
        INSERT INTO clients_site (id, name, client_id, block_policy_inheritance, failing_checks) VALUES (1, 'Main', 1, ${CLIENT_REST});
        ${agent(1, 'acme-pc-1')};`,
      fleet: `
        INSERT INTO teams (id, name) VALUES (1, 'Acme');
        INSERT INTO hosts (id, hostname, uuid, platform, node_key, team_id) VALUES (1, 'acme-mac-1', 'uuid-1', 'darwin', 'secret-key', 1);
        INSERT INTO host_seen_times VALUES (1, '2026-11-01 10:00:00');
        INSERT INTO host_display_names VALUES (1, 'Acme Mac 1');
        INSERT INTO host_disks (host_id, gigs_disk_space_available, gigs_total_disk_space) VALUES (1, 100.25, 500.50);`,
    });
  });

  afterAll(() => sources?.stop());

  test('Tactical’s rows that were there before arrive as a snapshot', async () => {
    const topics = ['clients_client', 'clients_site', 'agents_agent'].map(
      (table) => `tactical.public.${table}`,
    );
    const records = await awaitRecords(sources.kafka.address, topics, (read) => read.length >= 3);
    expect(records.map(summary).sort()).toEqual([
      ['tactical.public.agents_agent', '{"id":1}', 'r'],
      ['tactical.public.clients_client', '{"id":1}', 'r'],
      ['tactical.public.clients_site', '{"id":1}', 'r'],
    ]);
  });

  test('an agent’s insert, update and delete arrive in order and with a rising position', async () => {
    sources.tactical(agent(2, 'acme-pc-2'));
    sources.tactical("UPDATE agents_agent SET hostname = 'renamed' WHERE id = 2");
    sources.tactical('DELETE FROM agents_agent WHERE id = 2');
    const records = await awaitRecords(
      sources.kafka.address,
      ['tactical.public.agents_agent'],
      (read) => ofKey(read, 2).length >= 4,
    );
    const changes = ofKey(records, 2);
    expect(changes.map((record) => summary(record)[2])).toEqual(['c', 'u', 'd', 'tombstone']);
    const positions = changes.slice(0, 3).map((record) => envelope(record).source.lsn);
    expect(positions).toEqual([...positions].sort((one, other) => Number(one) - Number(other)));
    expect(new Set(positions).size).toBe(3);
  });

  test('a host and its facets arrive on topics of their own, without its node keys', async () => {
    const topics = ['teams', 'hosts', 'host_seen_times', 'host_display_names', 'host_disks'].map(
      (table) => `fleetmdm.fleet.${table}`,
    );
    const records = await awaitRecords(sources.kafka.address, topics, (read) => read.length >= 5);
    expect(records.map((record) => record.topic).sort()).toEqual([...topics].sort());
    const host = records.find((record) => record.topic === 'fleetmdm.fleet.hosts');
    expect(host?.value).not.toContain('secret-key');
    const disks = records.find((record) => record.topic === 'fleetmdm.fleet.host_disks');
    expect(disks && envelope(disks).after).toMatchObject({ gigs_disk_space_available: '100.25' });
  });

  test('a host’s insert, update and delete arrive in order', async () => {
    sources.fleet(
      "INSERT INTO hosts (id, hostname, uuid, platform, team_id) VALUES (2, 'acme-mac-2', 'uuid-2', 'darwin', 1)",
    );
    sources.fleet("UPDATE hosts SET hostname = 'renamed' WHERE id = 2");
    sources.fleet('DELETE FROM hosts WHERE id = 2');
    const records = await awaitRecords(
      sources.kafka.address,
      ['fleetmdm.fleet.hosts'],
      (read) => ofKey(read, 2).length >= 4,
    );
    expect(ofKey(records, 2).map((record) => summary(record)[2])).toEqual(['c', 'u', 'd', 'tombstone']);
  });

  describe('and the service behind them', () => {
    const keyspace = `debezium_${process.pid}`;
    let service: Service;
    let rows: CanonicalRows;

    beforeAll(async () => {
      service = await startService({
        dir: serverFolder('service'),
        kafka: sources.kafka.address,
        cassandra: sharedCassandra(),
        keyspace,
      });
      rows = new CanonicalRows(sharedCassandra(), keyspace);
    });

    afterAll(async () => {
      await rows?.close();
      await service?.stop();
    });

    test('a device of Tactical becomes a row with its organisation and site', async () => {
      // A device that comes before its site is not completed yet, and a snapshot's tables have no order: so the agent checks in.
      await rows.until('organisations', 'tactical-rmm', '1', (found) => found.name !== null);
      await rows.until('sites', 'tactical-rmm', '1', (found) => found.name !== null);
      sources.tactical('UPDATE agents_agent SET needs_reboot = NOT needs_reboot WHERE id = 1');
      const row = await rows.until(
        'devices',
        'tactical-rmm',
        '1',
        (found) => found.organisation_name !== null,
      );
      expect(row).toMatchObject({
        hostname: 'acme-pc-1',
        device_key: 'agent-1',
        organisation_id: '1',
        organisation_name: 'Acme',
        site_name: 'Main',
      });
    });

    test('an insert, an update and a delete in PostgreSQL each reach the row', async () => {
      sources.tactical(agent(3, 'acme-pc-3'));
      await rows.until('devices', 'tactical-rmm', '3', (row) => row.hostname === 'acme-pc-3');
      sources.tactical("UPDATE agents_agent SET hostname = 'renamed' WHERE id = 3");
      await rows.until('devices', 'tactical-rmm', '3', (row) => row.hostname === 'renamed');
      sources.tactical('DELETE FROM agents_agent WHERE id = 3');
      await rows.until(
        'devices',
        'tactical-rmm',
        '3',
        (row) => row.deleted === true && row.hostname === null,
      );
    });

    test('an organisation renamed in PostgreSQL is renamed in its row', async () => {
      sources.tactical("UPDATE clients_client SET name = 'Acme Corporation' WHERE id = 1");
      await rows.until('organisations', 'tactical-rmm', '1', (row) => row.name === 'Acme Corporation');
    });

    test('a host of Fleet is one row with what its facet tables say', async () => {
      const complete = (found: types.Row) =>
        found.display_name !== null && found.disk_total_gb !== null && found.last_seen !== null;
      const row = await rows.until('devices', 'fleet-mdm', '1', complete);
      expect(row).toMatchObject({
        hostname: 'acme-mac-1',
        display_name: 'Acme Mac 1',
        hardware_uuid: 'uuid-1',
      });
      expect(String(row.disk_total_gb)).toBe('500.50');
      expect(JSON.stringify(row)).not.toContain('secret-key');
    });

    test('a facet’s update and delete in MariaDB change its columns and leave the others', async () => {
      sources.fleet("UPDATE host_display_names SET display_name = 'Front desk' WHERE host_id = 1");
      await rows.until('devices', 'fleet-mdm', '1', (row) => row.display_name === 'Front desk');
      sources.fleet('DELETE FROM host_display_names WHERE host_id = 1');
      const row = await rows.until('devices', 'fleet-mdm', '1', (found) => found.display_name === null);
      expect(row).toMatchObject({ hostname: 'acme-mac-1', deleted: false });
    });

    test('changes made while the service is killed arrive once it is back', async () => {
      await service.kill9();
      sources.tactical(agent(4, 'acme-pc-4'));
      sources.fleet("UPDATE hosts SET hostname = 'moved' WHERE id = 1");
      await service.restart();
      await rows.until('devices', 'tactical-rmm', '4', (row) => row.hostname === 'acme-pc-4');
      await rows.until('devices', 'fleet-mdm', '1', (row) => row.hostname === 'moved');
    });
  });
});

interface Envelope {
  readonly op: string;
  readonly after: Readonly<Record<string, unknown>> | null;
  readonly source: Readonly<Record<string, unknown>>;
}

function envelope(record: TestRecord): Envelope {
  return JSON.parse(record.value ?? 'null');
}

function summary(record: TestRecord): [string, string | null, string] {
  return [record.topic, record.key, record.value === null ? 'tombstone' : envelope(record).op];
}

function ofKey(records: readonly TestRecord[], id: number): TestRecord[] {
  return records.filter((record) => record.key === JSON.stringify({ id }));
}
