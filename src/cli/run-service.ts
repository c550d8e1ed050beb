import type { Config } from '../main/config.ts';
import { endProcess } from '../main/end-process.ts';
import type { Logger } from '../main/logger.ts';
import { Metrics } from '../main/metrics.ts';
import type { PipelineObserver } from '../main/observer.ts';
import { Service } from '../main/service.ts';
import { workerCount } from '../main/worker-count.ts';
import { messageOf } from '../shared/errors.ts';
import { EXIT } from './command.ts';
import { packageVersion } from './package-version.ts';
import { hearSignals } from './signals.ts';

export interface RunOptions {
  readonly config: Config;
  readonly logger: Logger;
  readonly listener?: PipelineObserver;
  readonly management: boolean;
  /** Ends by itself once nothing has come for so long, s. */
  readonly untilIdleSeconds?: number;
  /** Called when the service consumes. */
  readonly started?: (service: Service) => void;
}

const IDLE_CHECK_MS = 50;

/**
 * Runs the service until a signal, until it is idle, or until it breaks. The first signal drains; a second one ends the process at
 * once. Answers how many records were left uncommitted.
 */
export async function runService(options: RunOptions): Promise<number> {
  const { config, logger } = options;
  const service = await Service.start({
    config,
    logger,
    workers: workerCount(config.workers.count),
    version: packageVersion(),
    metrics: new Metrics(),
    management: options.management,
    ...(options.listener === undefined ? {} : { listener: options.listener }),
  });
  if (service.managementPort !== null) logger.info({ port: service.managementPort }, 'management port open');
  options.started?.(service);
  const signals = hearSignals(() => endProcess(EXIT.failed));
  try {
    return await untilEnded(service, signals.first, options);
  } finally {
    signals.forget();
  }
}

/** Drains when it is time; answers the records that were left. */
async function untilEnded(
  service: Service,
  signal: Promise<NodeJS.Signals>,
  options: RunOptions,
): Promise<number> {
  const { logger } = options;
  const reason = await endReason(service, signal, options);
  logger.info(`draining: ${reason}`);
  const left = await service.stop();
  if (left.records > 0)
    logger.warn(`${left.records} records were not committed in time and will be read again`);
  else logger.info('drained: everything taken from Kafka is committed');
  const ended = reason === BROKEN ? service.pipeline.ended() : Promise.resolve();
  if (left.hangs) {
    await ended.catch((error: unknown) => logger.error(messageOf(error)));
    logger.error('no broker answered: the group learns by its session timeout that this member is gone');
    endProcess(EXIT.failed);
  }
  await ended;
  return left.records;
}

const BROKEN = 'the pipeline broke';

async function endReason(
  service: Service,
  signal: Promise<NodeJS.Signals>,
  { untilIdleSeconds }: RunOptions,
): Promise<string> {
  let timer: NodeJS.Timeout | undefined;
  try {
    return await Promise.race([
      signal.then((name) => `got ${name}`),
      service.pipeline.ended().then(
        () => BROKEN,
        () => BROKEN,
      ),
      new Promise<string>((resolve) => {
        if (untilIdleSeconds === undefined) return;
        timer = setInterval(() => {
          if (service.pipeline.idleMs < untilIdleSeconds * 1000) return;
          resolve(`idle for ${untilIdleSeconds} s`);
        }, IDLE_CHECK_MS);
      }),
    ]);
  } finally {
    clearInterval(timer);
  }
}
