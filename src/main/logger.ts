import { type DestinationStream, destination, type Logger, pino, stdTimeFunctions } from 'pino';
import { build as pretty } from 'pino-pretty';
import type { Config } from './config.ts';

export type { Logger } from 'pino';

/** Names under which a secret could be logged, at the top and two levels down. Record contents are never logged at all. */
const SECRET_KEYS = [
  'password',
  'keyPassword',
  'token',
  'authorization',
  'sasl.password',
  'ssl.key.password',
];

function redactedPaths(): string[] {
  return ['', '*.', '*.*.'].flatMap((above) =>
    // A key with dots in it is one key (librdkafka's settings), written in brackets.
    SECRET_KEYS.map((key) => (key.includes('.') ? `${above.slice(0, -1)}["${key}"]` : above + key)),
  );
}

/** File descriptor that the lines go to: a service logs to stdout, a command whose stdout is its result to stderr. */
export type LogTarget = 'stdout' | 'stderr';

function lineStream(format: Config['log']['format'], target: LogTarget): DestinationStream {
  const fd = target === 'stdout' ? 1 : 2;
  const terminal = (target === 'stdout' ? process.stdout : process.stderr).isTTY;
  // Both write synchronously: no line is lost when the process ends, and there is no transport thread that dies with it.
  if (format === 'pretty' || (format === 'auto' && terminal)) {
    return pretty({
      destination: fd,
      sync: true,
      colorize: terminal,
      ignore: 'pid,hostname',
      translateTime: 'SYS:HH:MM:ss.l',
    });
  }
  return destination({ fd, sync: true });
}

/** The process's logger. `stream` replaces the target in tests. */
export function createLogger(log: Config['log'], target: LogTarget, stream?: DestinationStream): Logger {
  return pino(
    {
      level: log.level,
      base: { pid: process.pid },
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: redactedPaths(), censor: '<redacted>' },
    },
    stream ?? lineStream(log.format, target),
  );
}
