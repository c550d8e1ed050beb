import Kafka from 'node-rdkafka';
import type { Config } from './config.ts';
import type { Left } from './drain.ts';
import type { Logger as PinoLogger } from './logger.ts';
import { type HealthSource, type ManagementServer, startManagementServer } from './management-server.ts';
import type { Metrics } from './metrics.ts';
import type { PipelineObserver } from './observer.ts';
import { type Logger, Pipeline } from './pipeline.ts';
import { metricsObserver, watchPipeline } from './pipeline-metrics.ts';
import { pipelineSettings } from './pipeline-settings.ts';

export interface ServiceParts {
  readonly config: Config;
  readonly workers: number;
  readonly version: string;
  readonly logger: PinoLogger;
  readonly metrics: Metrics;
  /** Listens beside the metrics: progress on a terminal, the demo's summary. */
  readonly listener?: PipelineObserver;
  /** Whether to open the management port. */
  readonly management: boolean;
}

/** Time without a poll after which the main loop counts as hung, ms. */
const HUNG_MS = 60_000;

/** The running service: the pipeline with its management port. */
export class Service {
  readonly pipeline: Pipeline;
  readonly #management: ManagementServer | null;
  readonly #unwatch: () => void;
  readonly #state: { stopping: boolean };

  private constructor(
    pipeline: Pipeline,
    management: ManagementServer | null,
    unwatch: () => void,
    state: { stopping: boolean },
  ) {
    this.pipeline = pipeline;
    this.#management = management;
    this.#unwatch = unwatch;
    this.#state = state;
  }

  /** Starts everything; rejects with a DependencyError that says what is missing, with nothing left running. */
  static async start(parts: ServiceParts): Promise<Service> {
    const { config, logger, metrics, workers } = parts;
    const log: Logger = (level, message) => logger[level](message);
    const running: { pipeline: Pipeline | null; stopping: boolean } = { pipeline: null, stopping: false };
    const info = { version: parts.version, node: process.version, librdkafka: Kafka.librdkafkaVersion };
    metrics.set.buildInfo.set(info, 1);
    const management = parts.management
      ? await startManagementServer(config.management, {
          metrics,
          health: healthOf(running),
          info: { ...info, features: [...Kafka.features], workers },
        })
      : null;
    try {
      const observer = fanOut([
        metricsObserver(metrics),
        ...(parts.listener === undefined ? [] : [parts.listener]),
      ]);
      running.pipeline = await Pipeline.start(pipelineSettings(config, workers), observer, log);
    } catch (error) {
      await management?.close();
      throw error;
    }
    const unwatch = watchPipeline(metrics, running.pipeline, workers);
    return new Service(running.pipeline, management, unwatch, running);
  }

  get managementPort(): number | null {
    return this.#management?.port ?? null;
  }

  /** Drains and ends; answers the records that were left. */
  async stop(): Promise<Left> {
    this.#state.stopping = true;
    const left = await this.pipeline.stop();
    this.#unwatch();
    await this.#management?.close();
    return left;
  }
}

function healthOf(running: { readonly pipeline: Pipeline | null; readonly stopping: boolean }): HealthSource {
  return {
    startup: () => {
      const started = running.pipeline !== null;
      return { ok: started, detail: started ? 'started' : 'connecting' };
    },
    liveness: () => {
      const since = running.pipeline?.sincePollMs ?? 0;
      return { ok: since < HUNG_MS, detail: `last poll ${Math.round(since / 1000)} s ago` };
    },
    readiness: () => {
      if (running.pipeline === null) return { ok: false, detail: 'connecting' };
      if (running.stopping) return { ok: false, detail: 'draining' };
      if (running.pipeline.outage) return { ok: false, detail: 'the store is away' };
      return { ok: true, detail: running.pipeline.assigned ? 'consuming' : 'waiting for partitions' };
    },
  };
}

/** Several listeners as one. */
function fanOut(listeners: readonly PipelineObserver[]): PipelineObserver {
  const each =
    <Name extends keyof PipelineObserver>(name: Name) =>
    (...told: Parameters<PipelineObserver[Name]>): void => {
      for (const listener of listeners) {
        const listen = listener[name] as (...told: Parameters<PipelineObserver[Name]>) => void;
        listen(...told);
      }
    };
  return {
    polled: each('polled'),
    processed: each('processed'),
    outcomes: each('outcomes'),
    counters: each('counters'),
    produced: each('produced'),
    deadLetter: each('deadLetter'),
    confirmed: each('confirmed'),
    acknowledged: each('acknowledged'),
    commitFinished: each('commitFinished'),
    paused: each('paused'),
    rebalanced: each('rebalanced'),
    produceFailed: each('produceFailed'),
  };
}
