import type { Mutation } from '../src/shared/mutation.ts';
import { CheckIns } from './generate.ts';
import { type BenchOptions, type OpenSubject, type Subject, timed, workMs } from './harness.ts';
import { mutationOf, newDecoder, newStages, seeReferences, sourceRecord } from './worker-parts.ts';

/** Site and organisation of a check-in, all references in the cache. */
export const enrich: Subject = {
  name: 'enrich',
  about: 'enrichment of decoded check-ins from a warm cache',
  shown: ['us_per_record', 'cpu_us_per_record'],
  rounds: 5,
  warmUp: true,
  smoke: true,
  open,
};

async function open(options: BenchOptions): Promise<OpenSubject> {
  const decoder = newDecoder();
  const checkIns = new CheckIns({ keys: 20_000 });
  const stages = newStages(decoder, () => checkIns.topic);
  await seeReferences(stages);
  const decoded = Array.from({ length: 400 }, (_, index): Mutation => {
    const { key, value } = checkIns.record(index);
    return mutationOf(decoder, sourceRecord(checkIns.topic, index, key, value));
  });
  let run = 0;
  return {
    arms: [
      {
        name: 'check-in',
        measure: () =>
          timed(workMs(options), async () => {
            run += 1;
            // Newer changes of the same devices.
            const version = run.toString(16).padStart(24, '9');
            await stages.enricher.enrich(decoded.map((mutation) => ({ ...mutation, version })));
            return decoded.length;
          }),
      },
    ],
    settings: { recordsPerBatch: decoded.length },
  };
}
