import type { Tool } from '../../shared/entity.ts';
import type { ProvidedEntity, ReferenceLookup } from '../../shared/reference-table.ts';

/** A reference that a row names and that neither the stream nor the store knows. */
export interface ProviderKey {
  readonly entity: ProvidedEntity;
  readonly tool: Tool;
  readonly by: ReferenceLookup;
  readonly value: string;
}

/** A reference as a provider knows it: its id and the columns of FACES, all of them, null for what the provider does not tell. */
export interface Provided {
  readonly id: string;
  readonly columns: Readonly<Record<string, string | null>>;
}

/** What a provider said of one key. Null: it knows that there is none. Undefined: it could not be asked now, ask again later. */
export type ProviderAnswer = Provided | null | undefined;

/** Where references are looked up beside the stream and the store. It is never the reason why a row is not written. */
export interface ReferenceProvider {
  readonly name: string;
  /** Which references it can be asked for. */
  answers(entity: ProvidedEntity, tool: Tool): boolean;
  /** An answer for each key, in their order. Never rejects and never takes longer than the provider's time-out. */
  lookUp(keys: readonly ProviderKey[]): Promise<readonly ProviderAnswer[]>;
  /** Ends what is under way as not answered. */
  close(): Promise<void>;
}

/** `found`, `none` and `unavailable` count keys; `unreadable` counts new versions of a file that were not taken. */
export type ProviderResult = 'found' | 'none' | 'unavailable' | 'unreadable';

export interface ProviderEvents {
  readonly counted: (provider: string, result: ProviderResult, count: number) => void;
  /** Something for the operator: the provider went away, came back, or has a file that cannot be read. */
  readonly noticed: (provider: string, message: string) => void;
}

/** Counts what a provider answered. */
export function countAnswers(
  provider: string,
  answers: readonly ProviderAnswer[],
  { counted }: ProviderEvents,
): void {
  const counts = { found: 0, none: 0, unavailable: 0 };
  for (const answer of answers) {
    if (answer === undefined) counts.unavailable += 1;
    else if (answer === null) counts.none += 1;
    else counts.found += 1;
  }
  for (const result of ['found', 'none', 'unavailable'] as const) {
    if (counts[result] > 0) counted(provider, result, counts[result]);
  }
}
