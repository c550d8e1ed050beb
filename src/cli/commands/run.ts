import type { Command } from 'commander';
import { createLogger } from '../../main/logger.ts';
import { checkTopics } from '../check-topics.ts';
import { configOf, numberParser, withExamples } from '../command.ts';
import { RunProgress } from '../run-progress.ts';
import { runService } from '../run-service.ts';

interface Options {
  readonly untilIdle?: number;
}

export function register(program: Command): void {
  const command = program
    .command('run')
    .description('the service: consume, enrich, write, produce, commit')
    .option(
      '--until-idle <seconds>',
      'end, drained, once nothing has come for so long',
      numberParser('--until-idle', 0.1),
    );
  withExamples(
    command,
    'openframe-stream run --config openframe-stream.yaml',
    'openframe-stream run --set kafka.brokers=localhost:9092 --set store.kind=embedded --until-idle 5',
  ).action(async (options: Options, self: Command) => {
    const { config } = configOf(self);
    const logger = createLogger(config.log, 'stdout');
    await checkTopics(config, (message) => logger.warn(message));
    const progress = new RunProgress();
    try {
      await runService({
        config,
        logger,
        management: true,
        listener: progress.observer,
        started: (service) => progress.start(service.pipeline),
        ...(options.untilIdle === undefined ? {} : { untilIdleSeconds: options.untilIdle }),
      });
    } finally {
      progress.stop();
    }
  });
}
