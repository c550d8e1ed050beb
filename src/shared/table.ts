/** An entry for each name, made at once: what is looked up for every record is a property and no map's key. */
export function table<Name extends string, Entry>(
  names: readonly Name[],
  entry: (name: Name) => Entry,
): Readonly<Record<Name, Entry>> {
  // Every name is given, so the record is whole; fromEntries says less.
  return Object.fromEntries(names.map((name) => [name, entry(name)])) as Record<Name, Entry>;
}
