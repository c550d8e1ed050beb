import { toSourceRecord } from '../../src/shared/captured-record.ts';
import type { CapturedRecord } from '../../src/shared/record.ts';
import { createDecoder } from '../../src/workers/decode.ts';
import { endOfValue } from '../../src/workers/json-text.ts';
import { SOURCES } from './captures.ts';

/**
 * The same record read twice: as it is, so that its envelope is cut out as text, and with a space in front, which is the same JSON and
 * is left to JSON.parse. Whatever comes out has to be the same: every change, version, guard, rejection and its reason.
 */
export class Differential {
  readonly #told: string[] = [];
  readonly #decoder = createDecoder({
    sources: SOURCES,
    now: () => NOW,
    onGuard: (type, rule) => void this.#told.push(`guard ${type} ${rule}`),
    onUnmapped: (name) => void this.#told.push(`unmapped ${name}`),
    onUnmappedEvent: (tool, name) => void this.#told.push(`event ${tool} ${name}`),
  });

  /** What both readings of a record say, as texts that are to be equal. */
  bothOf(record: CapturedRecord): readonly [cut: string, parsed: string] {
    const { value } = record;
    return [this.#read(record), this.#read({ ...record, value: value === null ? null : ` ${value}` })];
  }

  #read(record: CapturedRecord): string {
    this.#told.length = 0;
    const decoded = this.#decoder.decode(toSourceRecord(record));
    const said = JSON.stringify([decoded, this.#told], (_name, value: unknown) =>
      typeof value === 'bigint' ? `bigint ${value}` : Object.is(value, -0) ? 'minus 0' : value,
    );
    // The space counts.
    return said.replace(/ at position \d+ of \d+ characters/, '');
  }
}
const NOW = Date.UTC(2026, 10, 1);

/** A sequence of numbers that is the same for a seed: mulberry32. */
export class Chance {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  /** A whole number below `limit`. */
  below(limit: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * limit);
  }

  of<T>(items: readonly [T, ...T[]]): T {
    return items[this.below(items.length)] ?? items[0];
  }
}

/** JSON texts that a value may become: what Debezium writes in odd cases, and what looks like the marks that are searched for. */
const VALUES = [
  ...[
    'null',
    'true',
    'false',
    '0',
    '-0',
    '-1',
    '1.5',
    '1e400',
    '1E2',
    '9007199254740993',
    '18446744073709551616',
  ],
  ...[
    '""',
    '"a"',
    '"\\u0061\\n\\"\\\\"',
    '"\\ud800"',
    '"ä☕"',
    '{}',
    '[]',
    '[1,{"a":2}]',
    '{"id":7,"name":"x"}',
  ],
  ...[
    '"__debezium_unavailable_value"',
    '["__debezium_unavailable_value"]',
    '"2026-09-01T10:20:30.123456Z"',
    '"infinity"',
  ],
  ...[
    '"},\\"op\\":\\"d\\""',
    '"{\\"before\\":null,\\"after\\":{}}"',
    '"\\",\\"source\\":{\\"version\\":\\"9\\""',
    '"NaN"',
  ],
  ...[
    '{"before":null,"after":{"id":1},"source":{"version":"9"}}',
    '{"ts_ms":1,"lsn":2,"table":"x"}',
    '"}"',
    '"]"',
  ],
] as const satisfies readonly [string, ...string[]];

const NAMES = [
  ...[
    'id',
    '__proto__',
    'hostname',
    'before',
    'after',
    'source',
    'op',
    'ts_ms',
    'lsn',
    'table',
    'version',
    'pos',
  ],
  ...[
    'file',
    'row',
    'snapshot',
    'connector',
    'name',
    'collection',
    'transaction',
    'updateDescription',
    '\\u0069d',
    '',
  ],
] as const satisfies readonly [string, ...string[]];

/** What an envelope or a source may be given beside its own: a connector's members stand in no other one's. */
const NEW_NAMES = ['__proto__', 'extra', ''] as const satisfies readonly [string, ...string[]];

const BETWEEN = ',"payload":';

interface Member {
  /** Where its name begins, its value, and what is behind it. */
  readonly label: number;
  readonly start: number;
  readonly end: number;
  /** Whether it is one of a row, or of something in it. */
  readonly inRow: boolean;
}

/** The members of all objects in a JSON text without spaces around them, or undefined if an object outside of rows names one twice. */
function membersOf(text: string): Member[] | undefined {
  const members: Member[] = [];
  const open: { names: Set<string>; inRow: boolean; isObject: boolean; label: number; start: number }[] = [];
  let [label, start, name] = [-1, -1, ''];
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at];
    const inside = open.at(-1);
    if (char === '"') {
      const begin = at;
      for (at += 1; text[at] !== '"'; at += 1) if (text[at] === '\\') at += 1;
      if (start >= 0 || inside?.isObject !== true) continue;
      name = String(JSON.parse(text.slice(begin, at + 1)));
      label = begin;
    } else if (char === ':') {
      if (inside?.inRow === false && inside.names.has(name)) return undefined;
      inside?.names.add(name);
      start = at + 1;
    } else if (char === '{' || char === '[') {
      const inRow = inside?.inRow === true || name === 'before' || name === 'after';
      open.push({ names: new Set(), inRow, isObject: char === '{', label, start });
      [label, start, name] = [-1, -1, ''];
    } else if (char === '}' || char === ']' || char === ',') {
      if (start >= 0) members.push({ label, start, end: at, inRow: inside?.inRow === true });
      [label, start] = [-1, -1];
      if (char === ',') continue;
      const closed = open.pop();
      if (closed !== undefined) ({ label, start } = closed);
    }
  }
  return members;
}

/**
 * The text with one change that leaves it JSON. What no connector can write is left out: a member that comes twice in the envelope or
 * in `source`, which are records of fields with a schema, and another connector's position in `source`. A row may get anything.
 */
export function mutated(text: string, chance: Chance): string {
  if (text.startsWith('{"schema":')) {
    const at = text.indexOf(BETWEEN, endOfValue(text, '{"schema":'.length)) + BETWEEN.length;
    return `${text.slice(0, at)}${mutated(text.slice(at, -1), chance)}}`;
  }
  const members = membersOf(text) ?? [];
  const member = members[chance.below(members.length)];
  if (member === undefined) return text;
  const changed = withChange(text, member, chance);
  return membersOf(changed) === undefined ? text : changed;
}

function withChange(text: string, { label, start, end, inRow }: Member, chance: Chance): string {
  const name = chance.of(inRow ? NAMES : NEW_NAMES);
  const another = `"${name}":${chance.of(VALUES)}`;
  switch (chance.below(8)) {
    case 0:
      return `${text.slice(0, start)} ${text.slice(start)}`;
    case 1:
      return `${text.slice(0, end)},${another}${text.slice(end)}`;
    case 2:
      return `${text.slice(0, label)}${another},${text.slice(label)}`;
    case 3:
      return `${text.slice(0, label)}"${name}":${text.slice(start)}`;
    case 4:
      if (text[end] === ',') return text.slice(0, label) + text.slice(end + 1);
      return text.slice(0, text[label - 1] === ',' ? label - 1 : label) + text.slice(end);
    default:
      return text.slice(0, start) + chance.of(VALUES) + text.slice(end);
  }
}
