import type { Command } from 'commander';
import { configOf, EXIT, outputOption, print, withExamples } from '../command.ts';
import { PinotController } from '../pinot/controller.ts';
import { applyPinot, type PinotStep, planPinot } from '../pinot/plan.ts';
import { listing, type Output } from '../table.ts';

const COLUMNS = ['action', 'kind', 'name', 'what'] as const;

/** JSON forms show every definition whole; a table shows each difference in a line of its own. */
function shown(steps: readonly PinotStep[], output: Output): string {
  if (output === 'table') {
    const lines = steps.flatMap(({ action, kind, name, what }) =>
      what.map((text) => ({ action, kind, name, what: text })),
    );
    return listing(lines, COLUMNS, output);
  }
  const rows = steps.map(({ action, kind, name, what, definition }) => ({
    action,
    kind,
    name,
    what,
    definition,
  }));
  return listing(rows, COLUMNS, output);
}

function summary(steps: readonly PinotStep[], done: boolean): string {
  const count = (action: PinotStep['action']): number =>
    steps.filter((step) => step.action === action).length;
  const [made, changed, wrong] = [count('create'), count('change'), count('problem')];
  const left = wrong > 0 ? `${wrong} schemas and tables differ in what cannot be changed in place\n` : '';
  if (made + changed === 0) return left || 'schemas and tables are as they have to be\n';
  return done
    ? `${made} made, ${changed} changed\n${left}`
    : `${made} to make, ${changed} to change: openframe-stream pinot apply\n${left}`;
}

async function run(applies: boolean, output: Output, command: Command): Promise<void> {
  const { config } = configOf(command);
  const controller = new PinotController(config);
  try {
    const steps = await planPinot(config, controller);
    // The difference comes first, also when applying it fails half way.
    await print(shown(steps, output));
    if (applies) await applyPinot(controller, steps);
    if (output === 'table') await print(summary(steps, applies));
    // What only an operator can mend is left whichever of the two commands ran.
    if (steps.some(({ action }) => action === 'problem')) process.exitCode = EXIT.problemsFound;
  } finally {
    await controller.close();
  }
}

export function register(program: Command): void {
  const pinot = program
    .command('pinot')
    .description('the schemas and tables of Apache Pinot, one for each entity');
  withExamples(
    pinot.command('plan').description('show what apply would do').addOption(outputOption()),
    'openframe-stream pinot plan --config openframe.yaml',
    'openframe-stream pinot plan --set pinot.controllerUrl=http://localhost:9000',
    'openframe-stream pinot plan --output jsonl   # with the whole definitions',
  ).action(({ output }: { output: Output }, command: Command) => run(false, output, command));
  withExamples(
    pinot
      .command('apply')
      .description('make missing schemas and tables, add columns and indexes; never drops, never shrinks')
      .addOption(outputOption()),
    'openframe-stream pinot apply --config openframe.yaml',
    'openframe-stream pinot apply --set pinot.replication=3 --set pinot.kafkaBrokers=kafka-1:9092,kafka-2:9092',
  ).action(({ output }: { output: Output }, command: Command) => run(true, output, command));
}
