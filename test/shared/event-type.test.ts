import { describe, expect, it } from 'vitest';
import { TOOLS, type Tool } from '../../src/shared/entity.ts';
import { createEventTypes, eventTypeRows, problemOf, severityOf } from '../../src/shared/event-type.ts';
import { UNIFIED_EVENT_TYPES } from '../../src/shared/event-types/unified.ts';
import * as said from './event-type-expectations.ts';

const types = createEventTypes();
const UNKNOWN = { type: 'UNKNOWN', severity: 'WARNING', mapped: false };

/** `name:qualifier` as the mappings ask for it. */
function classify(tool: Tool, source: string) {
  const [sourceType = '', qualifier] = source.split(':');
  return types.classify(tool, sourceType, qualifier);
}

function expectAll(tool: Tool, ...tables: ReadonlyMap<string, string>[]): void {
  for (const [source, unified] of tables.flatMap((table) => [...table])) {
    expect(classify(tool, source), source).toEqual({
      type: unified,
      severity: severityOf(unified),
      mapped: true,
    });
  }
}

describe('unified event types', () => {
  it('are the 110 of OpenFrame, each with its severity', () => {
    const expected = Object.entries(said.UNIFIED).flatMap(([severity, names]) =>
      names.map((name) => [name, severity]),
    );
    expect(expected).toHaveLength(110);
    expect(UNIFIED_EVENT_TYPES).toEqual(Object.fromEntries(expected));
  });
});

describe('what the tools call an event', () => {
  it('of Fleet, all 115 that OpenFrame maps and those of its earlier version', () => {
    expect(said.FLEET.size).toBe(115);
    expectAll('fleet-mdm', said.FLEET, said.FLEET_ADVICE, said.FLEET_EARLIER);
  });

  it('of MeshCentral, whether its database keeps it or not', () => {
    expect(said.MESHCENTRAL.size).toBe(33);
    expectAll('meshcentral', said.MESHCENTRAL, new Map([['authfail', 'LOGIN_FAILED']]));
  });

  it('of MeshCentral’s sessions, told apart by the number of the message', () => {
    for (const message of said.SESSION_STARTED)
      expect(types.classify('meshcentral', 'relay.relaylog', message).type).toBe('REMOTE_SESSION_START');
    for (const message of said.SESSION_ENDED)
      expect(types.classify('meshcentral', 'relay.relaylog', message).type).toBe('REMOTE_SESSION_END');
    expect(types.classify('meshcentral', 'relay.relaylog', 4711).type).toBe('REMOTE_SESSION_EVENT');
  });

  it('of Tactical’s audit log', () => {
    expectAll('tactical-rmm', said.TACTICAL);
  });

  it('of Authentik, its models told apart by their name', () => {
    expectAll('authentik', said.AUTHENTIK_ADVICE);
    expect(types.classify('authentik', 'model_created', 'application')).toEqual(UNKNOWN);
  });

  it('is in the table for every name that the tools are known to write, mapped or deliberately not', () => {
    const listed = new Set(eventTypeRows().map(({ tool, sourceType }) => `${tool} ${sourceType}`));
    const objects = said.TACTICAL_OBJECTS.flatMap((object) =>
      ['add', 'modify', 'delete'].map((action) => `${object}.${action}`),
    );
    const open: [Tool, readonly string[]][] = [
      ['fleet-mdm', said.FLEET_OPEN],
      ['meshcentral', said.MESHCENTRAL_OPEN],
      ['tactical-rmm', [...said.TACTICAL_OPEN, ...objects]],
      ['authentik', said.AUTHENTIK_OPEN],
    ];
    for (const [tool, sources] of open) {
      for (const source of sources) {
        expect(listed, source).toContain(`${tool} ${source}`);
        const { type, severity } = classify(tool, source);
        expect(severity, source).toBe(severityOf(type));
      }
    }
    expect(said.FLEET_OPEN).toHaveLength(45);
  });

  it('is once in a tool’s table', () => {
    const names = eventTypeRows().map(({ tool, sourceType }) => `${tool} ${sourceType}`);
    expect(names.filter((name, at) => names.indexOf(name) !== at)).toEqual([]);
  });

  it('is UNKNOWN, and not mapped, when nobody knows it', () => {
    for (const tool of TOOLS) expect(types.classify(tool, 'brand_new_2027')).toEqual(UNKNOWN);
    // A name of another tool, and names of every object.
    expect(types.classify('authentik', 'ran_script')).toEqual(UNKNOWN);
    expect(types.classify('fleet-mdm', 'constructor')).toEqual(UNKNOWN);
    expect(types.classify('fleet-mdm', 'failed_wipe')).toEqual(UNKNOWN);
  });

  it('says for every listed name where the mapping comes from', () => {
    const rows = eventTypeRows();
    expect(rows).toContainEqual({
      tool: 'fleet-mdm',
      sourceType: 'wiped_host',
      eventType: 'HOST_WIPED',
      severity: 'CRITICAL',
      basis: 'reference',
    });
    for (const row of rows.filter(({ basis }) => basis === 'unmapped')) expect(row.eventType).toBe('UNKNOWN');
  });
});

describe('event types of the configuration', () => {
  const own = createEventTypes([
    { tool: 'fleet-mdm', sourceType: 'brand_new_activity_2027', eventType: 'DEVICE_UPDATED' },
    { tool: 'fleet-mdm', sourceType: 'failed_wipe', eventType: 'WIPE_FAILED', severity: 'ERROR' },
    { tool: 'fleet-mdm', sourceType: 'ran_script', eventType: 'SCRIPT_EXECUTED', severity: 'WARNING' },
    { tool: 'authentik', sourceType: 'model_created:application', eventType: 'CONFIGURATION_CREATED' },
  ]);

  it('are added to the tables', () => {
    expect(own.classify('fleet-mdm', 'brand_new_activity_2027')).toEqual({
      type: 'DEVICE_UPDATED',
      severity: 'INFO',
      mapped: true,
    });
    expect(own.classify('authentik', 'model_created', 'application').type).toBe('CONFIGURATION_CREATED');
    expect(own.classify('authentik', 'model_created', 'token').type).toBe('UNKNOWN');
    expect(own.classify('fleet-mdm', 'user_logged_in').type).toBe('LOGIN');
  });

  it('may be new ones, with a severity', () => {
    expect(own.classify('fleet-mdm', 'failed_wipe')).toEqual({
      type: 'WIPE_FAILED',
      severity: 'ERROR',
      mapped: true,
    });
  });

  it('win over the tables', () => {
    expect(own.classify('fleet-mdm', 'ran_script').severity).toBe('WARNING');
  });

  it('are refused without a severity, or with a name in other letters', () => {
    const mapping = { tool: 'fleet-mdm', sourceType: 'x' } as const;
    expect(problemOf({ ...mapping, eventType: 'WIPE_FAILED' })).toMatch(/severity/);
    expect(problemOf({ ...mapping, eventType: 'wipe failed', severity: 'INFO' })).toMatch(/upper case/);
    expect(problemOf({ ...mapping, eventType: 'HOST_WIPED' })).toBeUndefined();
    expect(() => createEventTypes([{ ...mapping, eventType: 'WIPE_FAILED' }])).toThrow(/severity/);
  });
});
