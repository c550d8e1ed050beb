import { build } from 'hdr-histogram-js';
import { type PipelineObserver, SILENT_OBSERVER } from '../main/observer.ts';
import type { EntityName } from '../shared/entity.ts';
import { listing } from './table.ts';

export type EntityRows = ReadonlyMap<EntityName, Record<string, unknown>[]>;

const MICROSECONDS = 1e6;
const STAGES = ['queue', 'decode', 'enrich', 'encode', 'write', 'produce'] as const;

/** What the demo shows at its end: what arrived, how fast, and one organisation's devices. */
export class DemoSummary {
  acknowledged = 0;
  readonly topics = new Set<string>();
  readonly #produced = new Map<string, number>();
  readonly #outcomes = new Map<string, number>();
  readonly #latencies = new Map<string, ReturnType<typeof build>>(STAGES.map((stage) => [stage, build()]));
  #startedAt = 0;
  #endedAt = 0;

  readonly observer: PipelineObserver = {
    ...SILENT_OBSERVER,
    polled: () => {
      if (this.#startedAt === 0) this.#startedAt = performance.now();
    },
    processed: (_worker, records, seconds, queueSeconds) => {
      this.#record('queue', queueSeconds, records);
      for (const stage of ['decode', 'enrich', 'encode', 'write'] as const)
        this.#record(stage, seconds[stage], records);
    },
    outcomes: (counts) => {
      for (const [outcome, count] of Object.entries(counts)) add(this.#outcomes, outcome, count);
    },
    produced: (topic, records) => {
      this.topics.add(topic);
      add(this.#produced, topic, records);
    },
    confirmed: (seconds) => this.#record('produce', seconds, 1),
    acknowledged: (records) => {
      this.acknowledged += records;
      this.#endedAt = performance.now();
    },
  };

  text(fed: ReadonlyMap<string, number>, entities: EntityRows): string {
    const seconds = Math.max(0.001, (this.#endedAt - this.#startedAt) / 1000);
    const total = [...fed.values()].reduce((sum, count) => sum + count, 0);
    return [
      `Fed ${total} captured records of ${fed.size} topics; ${this.acknowledged} are of mapped tables, all of them acknowledged`,
      `in ${seconds.toFixed(2)} s (${Math.round(this.acknowledged / seconds)} records/s, cold start included).`,
      '',
      listing(sorted(this.#outcomes, 'outcome'), ['outcome', 'records'], 'table'),
      listing(
        [...entities].map(
          ([entity, rows]): Record<string, string | number> => ({
            entity,
            rows: rows.length,
            ...perTool(rows),
          }),
        ),
        ['entity', 'rows', 'tactical-rmm', 'fleet-mdm', 'meshcentral', 'authentik'],
        'table',
      ),
      listing(sorted(this.#produced, 'topic'), ['topic', 'records'], 'table'),
      this.#latencyTable(),
      devicesOfOneOrganisation(entities),
    ].join('\n');
  }

  #record(stage: (typeof STAGES)[number], seconds: number, records: number): void {
    this.#latencies
      .get(stage)
      ?.recordValueWithCount(Math.round(seconds * MICROSECONDS), Math.max(1, records));
  }

  #latencyTable(): string {
    const rows = STAGES.map((stage) => {
      const histogram = this.#latencies.get(stage);
      const ms = (percentile: number): string =>
        ((histogram?.getValueAtPercentile(percentile) ?? 0) / 1000).toFixed(1);
      return { stage, 'p50 ms': ms(50), 'p99 ms': ms(99), 'max ms': ms(100) };
    });
    return listing(rows, ['stage', 'p50 ms', 'p99 ms', 'max ms'], 'table');
  }
}

function add(counts: Map<string, number>, name: string, count: number): void {
  counts.set(name, (counts.get(name) ?? 0) + count);
}

function sorted<Name extends string>(
  counts: ReadonlyMap<string, number>,
  name: Name,
): ({ records: number } & Record<Name, string>)[] {
  return [...counts]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, records]) => ({ [name]: key, records }) as { records: number } & Record<Name, string>);
}

function perTool(rows: readonly Record<string, unknown>[]): Record<string, number> {
  const counts: Record<string, number> = { 'tactical-rmm': 0, 'fleet-mdm': 0, meshcentral: 0, authentik: 0 };
  for (const { tool } of rows) counts[String(tool)] = (counts[String(tool)] ?? 0) + 1;
  return counts;
}

/** The devices of the organisation that has the most, with the tools that know them. */
function devicesOfOneOrganisation(entities: EntityRows): string {
  const byName = new Map<string, Record<string, unknown>[]>();
  for (const device of entities.get('device') ?? []) {
    const name = device.organisation_name;
    if (typeof name !== 'string') continue;
    const devices = byName.get(name) ?? [];
    devices.push(device);
    byName.set(name, devices);
  }
  const [organisation, devices = []] = [...byName].sort(([, a], [, b]) => b.length - a.length)[0] ?? [];
  if (organisation === undefined) return 'No device has an organisation yet.\n';
  const hosts = new Map<string, Record<string, string>>();
  for (const device of devices) {
    const hostname = String(device.hostname ?? device.id);
    const row = hosts.get(hostname) ?? { hostname };
    row.tools = row.tools === undefined ? String(device.tool) : `${row.tools}, ${String(device.tool)}`;
    for (const column of ['site_name', 'platform', 'os_name', 'serial_number', 'last_seen']) {
      const value = device[column];
      if (value !== undefined) row[column] ??= String(value);
    }
    hosts.set(hostname, row);
  }
  const columns = ['hostname', 'tools', 'site_name', 'platform', 'os_name', 'serial_number', 'last_seen'];
  const rows = [...hosts.values()].sort((a, b) => String(a.hostname).localeCompare(String(b.hostname)));
  return `Devices of ${organisation}:\n\n${listing(rows, columns, 'table')}`;
}
