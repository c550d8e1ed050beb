/**
 * A function from the text of its body, where naming each column in the code is what makes it quick (docs/decisions/0009-compiled-columns.md).
 * Undefined where a process may not compile text (`--disallow-code-generation-from-strings`): the caller then does the same slower. Throws
 * for a body that is no code.
 */
export function compiled<Compiled>(parameters: readonly string[], body: string): Compiled | undefined {
  try {
    return new Function(...parameters, body) as Compiled;
  } catch (error) {
    if (error instanceof EvalError) return undefined;
    throw error;
  }
}
