import { describe, expect, it } from 'vitest';
import { Metrics } from '../../src/main/metrics.ts';
import { UnmappedEvents } from '../../src/workers/unmapped-events.ts';

function counting() {
  const counters: Record<string, number> = {};
  const events = new UnmappedEvents((counter) => {
    counters[counter] = (counters[counter] ?? 0) + 1;
  });
  return { counters, events };
}

describe('events of unknown types', () => {
  it('are counted by the tool’s own name, where an operator can see it', async () => {
    const { counters, events } = counting();
    events.add('fleet-mdm', 'brand_new_activity_2027');
    events.add('fleet-mdm', 'brand_new_activity_2027');
    events.add('meshcentral', 'node.turnon');
    const metrics = new Metrics();
    metrics.addCounters(counters);
    const text = await metrics.registry.metrics();
    expect(text).toContain(
      'openframe_stream_unmapped_events_total{tool="fleet-mdm",source_type="brand_new_activity_2027"} 2',
    );
    expect(text).toContain(
      'openframe_stream_unmapped_events_total{tool="meshcentral",source_type="node.turnon"} 1',
    );
  });

  it('have names of harmless signs only, whatever a record says', () => {
    const { counters, events } = counting();
    events.add('authentik', `custom_"x"\n{ü}:${'y'.repeat(500)}`);
    events.add('authentik', '');
    const [long = '', empty] = Object.keys(counters);
    expect(long).toMatch(/^unmappedEvents:authentik:[A-Za-z0-9_.-]{64}$/);
    expect(empty).toBe('unmappedEvents:authentik:_');
  });

  it('share one name beyond the first 200', () => {
    const { counters, events } = counting();
    for (let at = 0; at < 1000; at++) events.add('authentik', `custom_${at}`);
    events.add('authentik', 'custom_7');
    expect(Object.keys(counters)).toHaveLength(201);
    expect(counters['unmappedEvents:authentik:other']).toBe(800);
    expect(counters['unmappedEvents:authentik:custom_7']).toBe(2);
  });
});
