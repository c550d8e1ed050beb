import type { ProviderSettings } from '../../shared/settings.ts';
import { FileProvider } from './file-provider.ts';
import { HttpProvider } from './http-provider.ts';
import type { ProviderAnswer, ProviderEvents, ProviderKey, ReferenceProvider } from './provider.ts';

/** Opens all of them, in their order. Rejects with a DependencyError when one cannot be opened; a service may be away. */
export async function openProviders(
  settings: readonly ProviderSettings[],
  events: ProviderEvents,
): Promise<readonly ReferenceProvider[]> {
  const opened: ReferenceProvider[] = [];
  try {
    for (const one of settings) {
      opened.push(
        one.kind === 'http' ? await HttpProvider.open(one, events) : await FileProvider.open(one, events),
      );
    }
    return opened;
  } catch (error) {
    await Promise.all(opened.map((provider) => provider.close()));
    throw error;
  }
}

/**
 * Asks one provider after the other for what is still not found. Null only when every provider that can be asked for a key said so,
 * undefined when one of them could not be asked, null too when there is no such provider.
 */
export async function askProviders(
  providers: readonly ReferenceProvider[],
  keys: readonly ProviderKey[],
): Promise<readonly ProviderAnswer[]> {
  const answers: ProviderAnswer[] = keys.map(() => null);
  for (const provider of providers) {
    const asked = [...keys.entries()].filter(
      ([index, key]) => !answers[index] && provider.answers(key.entity, key.tool),
    );
    if (asked.length === 0) continue;
    const answered = await provider.lookUp(asked.map(([, key]) => key));
    for (const [position, [index]] of asked.entries()) {
      const answer = answered[position];
      // Once one could not be asked, "there is none" of another does not make it known.
      if (answer !== null) answers[index] = answer;
    }
  }
  return answers;
}
