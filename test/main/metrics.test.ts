import { describe, expect, it } from 'vitest';
import { Metrics } from '../../src/main/metrics.ts';
import { METRICS } from '../../src/main/metrics-table.ts';
import { StageLatency } from '../../src/main/stage-latency.ts';
import { writeLatencyBucket } from '../../src/shared/write-latency.ts';

describe('metrics', () => {
  it('has the names that the contract gives', async () => {
    const metrics = new Metrics();
    metrics.set.consumerLag.set({ topic: 't', partition: 3 }, 7);
    metrics.set.processRate.set({ task: '0' }, 12.5);
    const text = await metrics.registry.metrics();
    expect(text).toContain('kafka_consumer_lag{topic="t",partition="3"} 7');
    expect(text).toContain('streams_task_process_rate{task="0"} 12.5');
    expect(text).toContain('# TYPE openframe_stream_consumer_lag_seconds gauge');
    expect(text).toContain('# TYPE cassandra_write_latency_seconds histogram');
    expect(text).toContain('process_cpu_seconds_total');
    expect(text).toMatch(/openframe_stream_event_loop_utilisation_ratio [\d.e-]+\n/);
  });

  it('names counters _total and uses our prefix, and labels hold no keys or tenants', () => {
    for (const { name, type, labels } of Object.values(METRICS)) {
      expect(name.endsWith('_total')).toBe(type === 'counter');
      if (!['kafka_consumer_lag', 'streams_task_process_rate'].includes(name))
        expect(name).toMatch(/^openframe_stream_/);
      for (const label of labels) expect(label).not.toMatch(/tenant|organisation|^key$|^id$/);
    }
  });

  it('adds what workers counted and refuses a name that is not in the table', async () => {
    const metrics = new Metrics();
    metrics.addCounters({ 'retries:store': 2, mergedChanges: 3, 'writes:device:stale': 4 });
    metrics.addOutcomes({ written: 5, 'skipped:tombstone': 1 });
    const text = await metrics.registry.metrics();
    expect(text).toContain('openframe_stream_retries_total{destination="store"} 2');
    expect(text).toContain('openframe_stream_merged_changes_total 3');
    expect(text).toContain('openframe_stream_store_writes_total{entity="device",result="stale"} 4');
    expect(text).toContain('openframe_stream_records_total{outcome="written",reason=""} 5');
    expect(text).toContain('openframe_stream_records_total{outcome="skipped",reason="tombstone"} 1');
    expect(() => metrics.addCounters({ retires: 1 })).toThrow('no counter retires');
  });

  it('makes a histogram of the write latencies that workers counted', async () => {
    const metrics = new Metrics();
    metrics.addCounters({
      [`writeLatencyBucket:devices:lwt:${writeLatencyBucket(0.004)}`]: 2,
      [`writeLatencyBucket:devices:lwt:${writeLatencyBucket(60)}`]: 1,
      'writeLatencySeconds:devices:lwt': 60.008,
    });
    const text = await metrics.registry.metrics();
    const line = (le: string) =>
      `cassandra_write_latency_seconds_bucket{table="devices",mode="lwt",le="${le}"}`;
    expect(text).toContain(`${line('0.0025')} 0`);
    expect(text).toContain(`${line('0.005')} 2`);
    expect(text).toContain(`${line('10')} 2`);
    expect(text).toContain(`${line('+Inf')} 3`);
    expect(text).toContain('cassandra_write_latency_seconds_sum{table="devices",mode="lwt"} 60.008');
    expect(text).toContain('cassandra_write_latency_seconds_count{table="devices",mode="lwt"} 3');
  });
});

describe('StageLatency', () => {
  it('gives quantiles in seconds with an error of at most a percent or so', () => {
    const stages = new StageLatency();
    stages.record('write', 0.01, 990);
    stages.record('write', 1, 10);
    const write = stages.summaries().find(({ stage }) => stage === 'write');
    expect(write?.quantiles['0.5']).toBeCloseTo(0.01, 3);
    expect(write?.quantiles['0.999']).toBeCloseTo(1, 1);
    expect(write?.quantiles['1']).toBeCloseTo(1, 1);
    expect(write?.count).toBe(1000);
    expect(write?.seconds).toBeCloseTo(19.9);
  });

  it('forgets what is older than two windows, and counts it still', () => {
    let now = 0;
    const stages = new StageLatency(1000, () => now);
    const write = () => stages.summaries().find(({ stage }) => stage === 'write');
    stages.record('write', 5);
    now = 1500;
    expect(write()?.quantiles['1']).toBeCloseTo(5, 0);
    now = 2600;
    expect(write()?.quantiles).toEqual({});
    expect(write()?.count).toBe(1);
  });

  it('takes a latency of zero, a negative one and one of days', () => {
    const stages = new StageLatency();
    for (const seconds of [0, -1, 1e6]) stages.record('poll', seconds);
    expect(stages.summaries()[0]?.quantiles['1']).toBeLessThan(3700);
  });

  it('exports counters that only grow over scrapes', async () => {
    const metrics = new Metrics();
    metrics.stages.record('decode', 0.5, 4);
    await metrics.registry.metrics();
    metrics.stages.record('decode', 0.5, 2);
    const text = await metrics.registry.metrics();
    expect(text).toContain('openframe_stream_stage_records_total{stage="decode"} 6');
    expect(text).toContain('openframe_stream_stage_seconds_total{stage="decode"} 3');
    expect(text).toMatch(/openframe_stream_stage_latency_seconds\{stage="decode",quantile="0.99"\} 0\.5/);
  });
});
