import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';

const LOWEST = 15_000;
const ATTEMPTS = 200;

/**
 * Ports that nothing listens on. They lie below the range from which the system takes the ports of outgoing connections: a client
 * that keeps trying a stopped server inside that range can end up connected to itself, and then the server cannot come back.
 */
export async function freePorts(count: number): Promise<number[]> {
  const highest = outgoingRangeStart() - 1;
  const ports = new Set<number>();
  for (let attempt = 0; ports.size < count; attempt += 1) {
    if (attempt === ATTEMPTS) {
      throw new Error(`no ${count} free ports between ${LOWEST} and ${highest}`);
    }
    const port = LOWEST + Math.floor(Math.random() * (highest - LOWEST));
    if (!ports.has(port) && (await isFree(port))) {
      ports.add(port);
    }
  }
  return [...ports];
}

export async function freePort(): Promise<number> {
  const [port] = await freePorts(1);
  if (port === undefined) {
    throw new Error('no free port');
  }
  return port;
}

function outgoingRangeStart(): number {
  try {
    const start = Number.parseInt(readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8'), 10);
    return start > LOWEST + 1000 ? start : 32_768;
  } catch {
    return 32_768;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)));
  });
}
