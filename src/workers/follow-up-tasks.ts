import type { FollowUp } from '../shared/follow-up.ts';
import type { FollowUpResult, FollowUpTask } from '../shared/worker-protocol.ts';
import { BatchAnalytics } from './batch-analytics.ts';
import type { BatchStages } from './batch-stages.ts';
import type { FollowedRow, FollowUpRun } from './follow-up.ts';
import type { Patiently } from './look-up.ts';
import { merged } from './merge.ts';

/** A part ends with so many rows: a renamed organisation may have a million, and they must not be in memory at once. */
const PART_ROWS = 500;
/** Follow-ups of one batch that run side by side: they wait for the store most of the time. */
const AT_ONCE = 16;
const FRAME_BYTES = 16_384;

/** What a task is at. */
interface Work {
  /** Null before the beginning, and after a failure. */
  rows: AsyncGenerator<FollowedRow> | null;
  /** It was broken off, and is begun again. */
  broken: boolean;
  repeat: FollowUp[];
}

/** Follow-up work in parts: main asks for one after the other, and produces each before it asks for the next. */
export class FollowUpTasks {
  readonly #run: FollowUpRun;
  readonly #patiently: Patiently;
  readonly #stages: Pick<BatchStages, 'now' | 'count' | 'takeCounters'>;
  readonly #open = new Map<number, Work>();

  constructor(
    run: FollowUpRun,
    patiently: Patiently,
    stages: Pick<BatchStages, 'now' | 'count' | 'takeCounters'>,
  ) {
    this.#run = run;
    this.#patiently = patiently;
    this.#stages = stages;
  }

  async next({ id, followUps }: FollowUpTask): Promise<FollowUpResult> {
    const analytics = new BatchAnalytics(new SharedArrayBuffer(FRAME_BYTES), this.#stages.now);
    const work = this.#open.get(id) ?? this.#begun(id, followUps);
    let done = false;
    for (let rows = 0; rows < PART_ROWS && !done; rows += 1) {
      const next = await this.#nextRow(work, followUps);
      if (next === undefined) done = true;
      else {
        analytics.addRow(0, next.row, next.operation);
        if (next.row.entity === 'device_link') this.#stages.count('completedRows:device_link');
      }
    }
    if (done) this.#open.delete(id);
    const repeat = work.repeat.splice(0);
    return { analytics: analytics.finish(), counters: this.#stages.takeCounters(), repeat, done };
  }

  #begun(id: number, followUps: readonly FollowUp[]): Work {
    for (const { kind } of followUps) this.#stages.count(`followUps:${kind}`);
    const work: Work = { rows: null, broken: false, repeat: [] };
    this.#open.set(id, work);
    return work;
  }

  /** A read that fails ends the work, which is then begun again: what is done already stays done, and is told once more. */
  async #nextRow(work: Work, followUps: readonly FollowUp[]): Promise<FollowedRow | undefined> {
    const result = await this.#patiently(async () => {
      const repeat = (followUp: FollowUp): void => {
        work.repeat.push(followUp);
      };
      work.rows ??= merged(followUps, (one) => this.#run.run(one, work.broken, repeat), AT_ONCE);
      try {
        return await work.rows.next();
      } catch (error) {
        work.rows = null;
        work.broken = true;
        throw error;
      }
    });
    return result.done === true ? undefined : result.value;
  }
}
