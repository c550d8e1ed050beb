import type { Config } from '../../main/config.ts';
import { messageOf } from '../../shared/errors.ts';
import { PinotController } from '../pinot/controller.ts';
import { type PinotStep, planPinot } from '../pinot/plan.ts';
import { type Finding, fail, ok, warn } from './finding.ts';

function named(steps: readonly PinotStep[], actions: readonly PinotStep['action'][]): string[] {
  return steps
    .filter(({ action }) => actions.includes(action))
    .map(({ kind, name, what }) => `${kind} ${name} (${what.join('; ')})`);
}

function shortened(names: readonly string[]): string {
  return names.slice(0, 3).join(', ') + (names.length > 3 ? ` and ${names.length - 3} more` : '');
}

function tables(steps: readonly PinotStep[]): Finding[] {
  const wrong = named(steps, ['problem']);
  const open = named(steps, ['create', 'change']);
  const findings: Finding[] = [];
  if (wrong.length > 0) {
    const advice = 'openframe-stream pinot plan; then make the table anew, or mend it by hand';
    findings.push(fail('pinot tables', shortened(wrong), advice));
  }
  if (open.length > 0) {
    findings.push(
      fail('pinot tables', `not as they have to be: ${shortened(open)}`, 'openframe-stream pinot apply'),
    );
  }
  if (findings.length === 0) findings.push(ok('pinot tables', `${steps.length / 2} schemas and tables`));
  return findings;
}

/** A password on its way without TLS is everybody's who listens. */
function tls({ pinot }: Config): Finding {
  const signsIn = pinot.token !== undefined || pinot.username !== undefined;
  const isSafe = pinot.controllerUrl?.startsWith('https:') === true;
  if (isSafe) return ok('pinot tls', 'on, and the controller is verified');
  return signsIn
    ? warn('pinot tls', 'off, and a password or token is sent', 'give pinot.controllerUrl with https:')
    : ok('pinot tls', 'off; nothing secret is sent');
}

/** Of Pinot's controller, from the outside. Pinot is optional: without an address there is nothing to check. */
export async function pinotFindings(config: Config): Promise<Finding[]> {
  if (config.pinot.controllerUrl === undefined) {
    return [ok('pinot', 'no controller configured (pinot.controllerUrl)')];
  }
  const controller = new PinotController(config);
  try {
    const steps = await planPinot(config, controller);
    return [ok('pinot', `reached at ${controller.url}`), ...tables(steps), tls(config)];
  } catch (error) {
    const advice = 'check pinot.controllerUrl, caFile, username and token, and that the controller runs';
    return [fail('pinot', messageOf(error), advice)];
  } finally {
    await controller.close();
  }
}
