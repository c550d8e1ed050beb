import type { Columns, ColumnValue, Tool } from '../shared/entity.ts';
import { MAIN_FACET } from '../shared/entity.ts';
import type { Mutation } from '../shared/mutation.ts';
import {
  DEVICE_TOOLS,
  type DeviceKey,
  evidenceOf,
  hostnameOf,
  isDevice,
  linkColumns,
  linkId,
  linkNames,
  ordered,
  serialOf,
  sharesHostname,
} from './device-link.ts';
import type { Patiently } from './look-up.ts';
import type { Face } from './reference.ts';
import type { Row, Store } from './stores/store.ts';

const RACE_PAUSE_MS = 20;
const VERSION_DIGITS = 16;

type Pair = readonly [DeviceKey, DeviceKey];

/**
 * Keeps the links between devices as the devices are. A link has no source row and so no version of its own: it is counted up, and a
 * write holds only against the link as it was read before its devices were, so that of two who work at once the later one sees both
 * changes.
 */
export class DeviceLinker {
  readonly #store: Store;
  readonly #patiently: Patiently;

  constructor(store: Store, patiently: Patiently) {
    this.#store = store;
    this.#patiently = patiently;
  }

  /**
   * After a device has changed what it shows: answers the links that changed, or `all` of its links, as they are now. `isNew`: nothing
   * can be linked with it yet.
   */
  async *relink(
    device: DeviceKey,
    faces: readonly (Face | null)[],
    { all, isNew }: { readonly all: boolean; readonly isNew: boolean },
  ): AsyncGenerator<Row> {
    const pairs = new Map<string, Pair>();
    const add = (one: DeviceKey, other: DeviceKey): void => {
      const pair = ordered(one, other);
      if (pair !== undefined) pairs.set(`${pair[0].tool}|${linkId(...pair)}`, pair);
    };
    for (const face of faces) {
      if (face !== null) for (const [one, other] of await this.#candidates(device, face)) add(one, other);
    }
    if (!isNew) for (const [one, other] of await this.#linked(device)) add(one, other);
    for (const pair of pairs.values()) yield* this.#settle(pair, all);
  }

  /** The devices that this one is linked with, or was. */
  async linkedWith(device: DeviceKey): Promise<DeviceKey[]> {
    const pairs = await this.#linked(device);
    return pairs.flat().filter(({ tool, id }) => tool !== device.tool || id !== device.id);
  }

  /** Pairs between which evidence may have come or gone with this face of a device. */
  async #candidates(device: DeviceKey, face: Face): Promise<Pair[]> {
    const pairs: Pair[] = [];
    const { mesh_node_id: node, serial_number: serial, hostname, organisation_name: organisation } = face;
    if (typeof node === 'string' && node !== '')
      for (const other of await this.#having('mesh_node_id', node)) pairs.push([device, other]);
    if (typeof serial === 'string' && serialOf(face) !== null)
      for (const other of await this.#having('serial_number', serial)) pairs.push([device, other]);
    if (typeof hostname !== 'string' || hostnameOf(face) === null || typeof organisation !== 'string')
      return pairs;
    // A namesake that comes or goes decides about the others' uniqueness, too.
    const namesakes = (await this.#having('hostname', hostname)).filter(
      ({ columns }) => columns.organisation_name === organisation,
    );
    for (const one of [device, ...namesakes]) for (const other of namesakes) pairs.push([one, other]);
    return pairs;
  }

  async #having(column: string, value: string): Promise<Row[]> {
    return (await this.#find('device', null, column, value)).filter(isDevice);
  }

  async #find(
    entity: 'device' | 'device_link',
    tool: Tool | null,
    column: string,
    value: string,
  ): Promise<Row[]> {
    return await this.#patiently(async () => {
      const rows: Row[] = [];
      for await (const row of this.#store.find(entity, tool, column, value)) rows.push(row);
      return rows;
    });
  }

  /** Pairs of which this device is one: a link that is gone keeps the names of its devices. */
  async #linked({ tool, id }: DeviceKey): Promise<Pair[]> {
    const pairs: Pair[] = [];
    for (const first of DEVICE_TOOLS) {
      const column = first === tool ? 'device_id' : 'linked_id';
      for (const { columns } of await this.#find('device_link', first, column, id)) {
        if (first !== tool && columns.linked_tool !== tool) continue;
        const other = DEVICE_TOOLS.find((candidate) => candidate === columns.linked_tool);
        if (other === undefined) continue;
        pairs.push([
          { tool: first, id: String(columns.device_id) },
          { tool: other, id: String(columns.linked_id) },
        ]);
      }
    }
    return pairs;
  }

  /** Writes what holds between two devices until it is what stands there. */
  async *#settle([one, other]: Pair, all: boolean): AsyncGenerator<Row> {
    const id = linkId(one, other);
    for (let round = 0; ; round += 1) {
      if (round > 1) await pause(Math.random() * RACE_PAUSE_MS);
      const link = (await this.#read('device_link', one.tool, id)).get(id);
      const mutation = await this.#wanted(one, other, link);
      if (mutation === undefined) {
        if (all && link !== undefined) yield link;
        return;
      }
      const [outcome] = await this.#patiently(() => this.#store.write([mutation]));
      // Another one was faster: what it saw may be older or newer than what we saw.
      if (outcome !== 'written') continue;
      const written = (await this.#read('device_link', one.tool, id)).get(id);
      if (written !== undefined) yield written;
    }
  }

  /** The change that the link needs; undefined for none. */
  async #wanted(one: DeviceKey, other: DeviceKey, link: Row | undefined): Promise<Mutation | undefined> {
    const first = (await this.#read('device', one.tool, one.id)).get(one.id);
    const second = (await this.#read('device', other.tool, other.id)).get(other.id);
    const live = link !== undefined && !link.deleted;
    const evidence =
      isDevice(first) && isDevice(second)
        ? evidenceOf(first, second, await this.#namesakes(first, second))
        : [];
    const sourceTs = Math.max(first?.sourceTs[MAIN_FACET] ?? 0, second?.sourceTs[MAIN_FACET] ?? 0);
    const mutation = {
      entity: 'device_link',
      tool: one.tool,
      id: linkId(one, other),
      facet: MAIN_FACET,
      version: nextVersion(link),
      sourceTs,
    } as const;
    if (evidence.length === 0 || !isDevice(first) || !isDevice(second)) {
      if (!live) return undefined;
      const cleared = Object.fromEntries(Object.keys(link.columns).map((column) => [column, null]));
      return { ...mutation, deleted: true, columns: { ...cleared, ...linkNames(one, other) } };
    }
    const columns = linkColumns(first, second, evidence);
    return live && isEqual(link.columns, columns) ? undefined : { ...mutation, deleted: false, columns };
  }

  async #namesakes(one: Row, other: Row): Promise<Row[]> {
    if (!sharesHostname(one, other)) return [];
    const namesakes: Row[] = [];
    for (const { tool, columns } of [one, other]) {
      namesakes.push(...(await this.#find('device', tool, 'hostname', String(columns.hostname))));
    }
    return namesakes.filter(isDevice);
  }

  async #read(entity: 'device' | 'device_link', tool: Tool, id: string): Promise<Map<string, Row>> {
    return await this.#patiently(() => this.#store.read(entity, tool, [id]));
  }
}

function nextVersion(link: Row | undefined): string {
  const count = Number.parseInt(link?.versions[MAIN_FACET] ?? '0', 16) + 1;
  return count.toString(16).padStart(VERSION_DIGITS, '0');
}

function isEqual(stored: Columns, wanted: Columns): boolean {
  const text = (value: ColumnValue | null | undefined): string => JSON.stringify(value ?? null);
  return Object.keys(wanted).every((column) => text(stored[column]) === text(wanted[column]));
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
