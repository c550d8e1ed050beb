import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Circuit } from '../../src/workers/circuit.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function newTrial() {
  const probe = vi.fn<() => Promise<void>>().mockRejectedValue(new Error('away'));
  const changed: boolean[] = [];
  const circuit = new Circuit({
    failuresToOpen: 3,
    probeIntervalMs: 100,
    probe,
    changed: (open) => changed.push(open),
  });
  return { circuit, probe, changed };
}

describe('a circuit', () => {
  test('opens after so many failures in a row and stays open until a probe succeeds', async () => {
    const { circuit, probe, changed } = newTrial();
    for (let failure = 0; failure < 3; failure += 1) circuit.failed();
    expect([circuit.open, changed]).toEqual([true, [true]]);
    await vi.advanceTimersByTimeAsync(350);
    expect(probe).toHaveBeenCalledTimes(3);
    expect(circuit.open).toBe(true);
    probe.mockResolvedValue();
    await vi.advanceTimersByTimeAsync(100);
    expect([circuit.open, changed]).toEqual([false, [true, false]]);
    await vi.advanceTimersByTimeAsync(1000);
    expect(probe).toHaveBeenCalledTimes(4);
  });

  test('does not open while others succeed between the failures', () => {
    const { circuit } = newTrial();
    for (let failure = 0; failure < 20; failure += 1) {
      circuit.failed();
      circuit.failed();
      circuit.succeeded();
    }
    expect(circuit.open).toBe(false);
    expect(circuit.successes).toBe(20);
  });

  test('is tripped once by an outage, however many statements tell of it', async () => {
    const { circuit, probe, changed } = newTrial();
    for (let statement = 0; statement < 10; statement += 1) circuit.trip();
    await vi.advanceTimersByTimeAsync(100);
    expect(probe).toHaveBeenCalledTimes(1);
    expect(changed).toEqual([true]);
  });

  test('probes no more once it is closed for good, even if a probe was under way', async () => {
    const { circuit, probe } = newTrial();
    let refuse: (error: Error) => void = () => undefined;
    probe.mockImplementation(() => new Promise((_resolve, reject) => (refuse = reject)));
    circuit.trip();
    await vi.advanceTimersByTimeAsync(100);
    circuit.close();
    refuse(new Error('away'));
    await vi.advanceTimersByTimeAsync(1000);
    expect(probe).toHaveBeenCalledTimes(1);
  });
});
