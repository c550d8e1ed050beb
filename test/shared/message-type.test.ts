import { describe, expect, test } from 'vitest';
import { ENTITIES, MAIN_FACET } from '../../src/shared/entity.ts';
import { mappedTable, messageTypes, subscriptionPatterns } from '../../src/shared/message-type.ts';
import type { SourceDefinition } from '../../src/shared/settings.ts';

const source = (tool: SourceDefinition['tool'], topicPrefix: string): SourceDefinition => ({
  name: `${topicPrefix}-cdc`,
  tool,
  topicPrefix,
  epoch: 0,
});

const rowsOf = (tool: SourceDefinition['tool'], table: string): string[] | undefined =>
  mappedTable(tool, table)?.rows.map(({ name }) => name);

const isSubscribed = (sources: SourceDefinition[], topic: string): boolean =>
  subscriptionPatterns(sources).some((pattern) => new RegExp(pattern).test(topic));

describe('the table of message types', () => {
  test('has no name twice', () => {
    expect(new Set(messageTypes.map((type) => type.name)).size).toBe(messageTypes.length);
  });

  test('feeds only facets that the entity has', () => {
    for (const { entity, facet } of messageTypes) {
      const facets: readonly string[] = [MAIN_FACET, ...ENTITIES[entity].facets];
      expect(facets).toContain(facet);
    }
  });

  test('is looked up by tool and table, and by the type of a document', () => {
    expect(rowsOf('tactical-rmm', 'agents_agent')).toEqual(['tactical-rmm.agents_agent']);
    expect(rowsOf('fleet-mdm', 'agents_agent')).toBeUndefined();
    expect(rowsOf('meshcentral', 'meshcentral')).toEqual([]);
    const documents = mappedTable('meshcentral', 'meshcentral')?.byDocument;
    expect(documents?.get('lastconnect')?.facet).toBe('lastconnect');
    expect(rowsOf('meshcentral', 'events')).toEqual(['meshcentral.events']);
  });

  test('lists every entity that a table feeds', () => {
    expect(rowsOf('tactical-rmm', 'alerts_alert')).toEqual([
      'tactical-rmm.alerts_alert',
      'tactical-rmm.alerts_alert.event',
    ]);
  });

  test.each([
    ['fleet-mdm', 'activities', 'activity_past'],
    ['fleet-mdm', 'host_activities', 'activity_host_past'],
    ['authentik', 'authentik_core_user_ak_groups', 'authentik_core_user_groups'],
  ] as const)('of %s takes %s for %s', (tool, earlier, present) => {
    expect(mappedTable(tool, earlier)).toEqual(mappedTable(tool, present));
    expect(rowsOf(tool, earlier)).toHaveLength(1);
  });
});

describe('the subscription', () => {
  const sources = [source('tactical-rmm', 'tactical'), source('meshcentral', 'mesh.central')];

  test('takes mapped tables of any schema, and nothing else', () => {
    expect(isSubscribed(sources, 'tactical.public.agents_agent')).toBe(true);
    expect(isSubscribed(sources, 'tactical.tenant_7.clients_site')).toBe(true);
    expect(isSubscribed(sources, 'tactical.public.type_gallery')).toBe(false);
    expect(isSubscribed(sources, 'tactical.public.hosts')).toBe(false);
    expect(isSubscribed(sources, 'other.public.agents_agent')).toBe(false);
    expect(isSubscribed(sources, 'my.tactical.public.agents_agent')).toBe(false);
  });

  test('takes the database in front of the schema, as SQL Server has it', () => {
    expect(isSubscribed(sources, 'tactical.rmm.dbo.agents_agent')).toBe(true);
    expect(isSubscribed(sources, 'tactical.one.rmm.dbo.agents_agent')).toBe(false);
    expect(isSubscribed(sources, 'tactical.agents_agent')).toBe(false);
  });

  test('never takes dead letters', () => {
    expect(isSubscribed(sources, 'tactical.public.agents_agent.DLQ')).toBe(false);
    expect(isSubscribed(sources, 'tactical.rmm.dbo.agents_agent.DLQ')).toBe(false);
  });

  test('takes a dot in a prefix for a dot', () => {
    expect(isSubscribed(sources, 'mesh.central.meshcentral.meshcentral')).toBe(true);
    expect(isSubscribed(sources, 'meshxcentral.meshcentral.meshcentral')).toBe(false);
  });

  test('is one pattern for each prefix', () => {
    expect(subscriptionPatterns([...sources, ...sources])).toHaveLength(2);
    expect(subscriptionPatterns([])).toEqual([]);
  });
});
