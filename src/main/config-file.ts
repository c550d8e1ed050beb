import { readFileSync } from 'node:fs';
import { isMap, isScalar, LineCounter, type Node, parseDocument } from 'yaml';
import { messageOf, UsageError } from '../shared/errors.ts';
import { CONFIG_OPTIONS, isSection, suggestion } from './config-table.ts';

/** A value as one source gives it; later checks name `place`. */
export interface GivenValue {
  readonly key: string;
  readonly value: unknown;
  /** `openframe.yaml:4:19` */
  readonly place: string;
}

export interface FileContents {
  readonly values: readonly GivenValue[];
  /** What is wrong with the file itself; values are not looked at here. */
  readonly problems: readonly string[];
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new UsageError(`configuration file ${path} cannot be read: ${messageOf(error)}`);
  }
}

/** Reads the YAML file: every value with its place, unknown keys as problems. */
export function readConfigFile(path: string): FileContents {
  const lines = new LineCounter();
  const document = parseDocument(readText(path), {
    lineCounter: lines,
    uniqueKeys: true,
    prettyErrors: false,
  });
  const place = (position: number | undefined): string => {
    const { line, col } = lines.linePos(position ?? 0);
    return `${path}:${line}:${col}`;
  };
  if (document.errors.length > 0) {
    return {
      values: [],
      problems: document.errors.map((error) => `${place(error.pos[0])}: ${error.message}`),
    };
  }

  const values: GivenValue[] = [];
  const problems: string[] = [];
  const visit = (node: Node | null, prefix: string): void => {
    // `kafka:` with nothing below it is an empty section, not a mistake.
    if (node === null || (isScalar(node) && node.value === null)) return;
    if (!isMap(node)) {
      problems.push(`${place(node.range?.[0])}: ${prefix || 'the file'} takes keys below it, got a value`);
      return;
    }
    for (const pair of node.items) {
      const name = isScalar(pair.key) ? String(pair.key.value) : '?';
      const key = prefix === '' ? name : `${prefix}.${name}`;
      const keyPlace = place(isScalar(pair.key) ? pair.key.range?.[0] : undefined);
      const child = pair.value as Node | null; // parseDocument makes nodes of all values
      if (CONFIG_OPTIONS.has(key)) {
        const value: unknown = child?.toJS(document) ?? null;
        if (value !== null) values.push({ key, value, place: place(child?.range?.[0]) });
      } else if (isSection(key)) {
        visit(child, key);
      } else {
        problems.push(`${keyPlace}: unknown key ${key}${suggestion(key, CONFIG_OPTIONS.keys())}`);
      }
    }
  };
  visit(document.contents, '');
  return { values, problems };
}
