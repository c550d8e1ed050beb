import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';

/** The rules of the code that no linter knows. Each test lists the places that break its rule: an empty list is the only good one. */

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const FILE_LINES_MAX = 300;
const FUNCTION_LINES_MAX = 70;
/** Files over the limit, each with the reason why it is one thing. */
const LONG_FILES: Readonly<Record<string, string>> = {};
/** Names that say nothing about what is inside, so that everything ends up there. */
const EMPTY_NAMES = new Set(['utils', 'util', 'helpers', 'helper', 'common', 'types', 'misc', 'index']);

interface Source {
  readonly path: string;
  readonly text: string;
  readonly tree: ts.SourceFile;
}

const sources = ['src', 'bench', 'test'].flatMap((folder) => typeScriptFiles(join(root, folder))).map(parse);

describe('the code', () => {
  test('keeps files within 300 lines', () => {
    const long = sources
      .map(({ path, text }) => ({ path, lines: text.trimEnd().split('\n').length }))
      .filter(({ path, lines }) => lines > FILE_LINES_MAX && LONG_FILES[path] === undefined);
    expect(long).toEqual([]);
  });

  test('keeps functions within 70 lines', () => {
    expect(find(isLongFunction)).toEqual([]);
  });

  test('has no barrel files and no names that say nothing', () => {
    const empty = sources.filter(({ path }) => {
      const parts = path.split('/');
      return [...parts.slice(0, -1), basename(path).split('.')[0] ?? ''].some((part) =>
        EMPTY_NAMES.has(part),
      );
    });
    expect(empty.map(({ path }) => path)).toEqual([]);
  });

  test('exports names one by one, never everything of another file', () => {
    expect(find((node) => ts.isExportDeclaration(node) && node.exportClause === undefined)).toEqual([]);
  });

  test('does without the type any', () => {
    expect(find((node) => node.kind === ts.SyntaxKind.AnyKeyword)).toEqual([]);
  });

  test('does without claims that something is not null', () => {
    expect(find(ts.isNonNullExpression)).toEqual([]);
    expect(find((node) => isDeclaration(node) && node.exclamationToken !== undefined)).toEqual([]);
  });

  test('reads the environment in the configuration only', () => {
    const elsewhere = find(isProcessEnv).filter(
      (place) => place.startsWith('src/') && !/^src\/main\/config[^/]*\.ts/.test(place),
    );
    expect(elsewhere).toEqual([]);
  });

  test('keeps the main thread and the workers apart', () => {
    const crossings = find((node, { path }) => {
      const target = importedFile(node, path);
      return (
        target !== undefined &&
        thread(path) !== undefined &&
        thread(target) !== undefined &&
        thread(path) !== thread(target)
      );
    });
    expect(crossings).toEqual([]);
  });

  test('names no folder of the machine that it was written on', () => {
    // In two halves, so that this file does not find itself.
    const folders = ['work', 'root', 'farm', 'home/[a-z]+'].join('|');
    const pattern = new RegExp(`(^|[^A-Za-z0-9_.~}/-])/(${folders})/`);
    const found = trackedTextFiles().filter((path) => pattern.test(readFileSync(join(root, path), 'utf8')));
    expect(found).toEqual([]);
  });
});

/** The places, as `path:line`, of the nodes that the rule holds for. */
function find(rule: (node: ts.Node, source: Source) => boolean): string[] {
  const places: string[] = [];
  for (const source of sources) {
    const visit = (node: ts.Node): void => {
      if (rule(node, source)) {
        places.push(`${source.path}:${lineOf(source.tree, node.getStart(source.tree)) + 1}`);
      }
      ts.forEachChild(node, visit);
    };
    visit(source.tree);
  }
  return places;
}

function isLongFunction(node: ts.Node, { tree }: Source): boolean {
  return (
    ts.isFunctionLike(node) &&
    !isSuite(node) &&
    linesOf(node, tree) - suiteLinesIn(node, tree) > FUNCTION_LINES_MAX
  );
}

/** The body of a `describe` or a test is a list of sentences; the functions in it are measured by themselves. */
function suiteLinesIn(node: ts.Node, tree: ts.SourceFile): number {
  let lines = 0;
  ts.forEachChild(node, (child) => {
    lines += isSuite(child) ? linesOf(child, tree) : suiteLinesIn(child, tree);
  });
  return lines;
}

function isSuite(node: ts.Node): boolean {
  return (
    ts.isFunctionLike(node) &&
    ts.isCallExpression(node.parent) &&
    /^(describe|test|it)/.test(calledName(node.parent))
  );
}

/** `describe` for `describe.skipIf(x)(…)`. */
function calledName(call: ts.CallExpression): string {
  let callee: ts.Expression = call.expression;
  while (ts.isCallExpression(callee) || ts.isPropertyAccessExpression(callee)) {
    callee = callee.expression;
  }
  return ts.isIdentifier(callee) ? callee.text : '';
}

function linesOf(node: ts.Node, tree: ts.SourceFile): number {
  return lineOf(tree, node.getEnd()) - lineOf(tree, node.getStart(tree)) + 1;
}

function lineOf(tree: ts.SourceFile, position: number): number {
  return tree.getLineAndCharacterOfPosition(position).line;
}

function isDeclaration(node: ts.Node): node is ts.VariableDeclaration | ts.PropertyDeclaration {
  return ts.isVariableDeclaration(node) || ts.isPropertyDeclaration(node);
}

function isProcessEnv(node: ts.Node): boolean {
  return (
    ts.isPropertyAccessExpression(node) &&
    node.name.text === 'env' &&
    ts.isIdentifier(node.expression) &&
    node.expression.text === 'process'
  );
}

function importedFile(node: ts.Node, path: string): string | undefined {
  const imports = ts.isImportDeclaration(node) || ts.isExportDeclaration(node);
  if (imports && node.moduleSpecifier !== undefined && ts.isStringLiteral(node.moduleSpecifier)) {
    return join(dirname(path), node.moduleSpecifier.text);
  }
  return undefined;
}

function thread(path: string): string | undefined {
  return /^src\/(main|workers)\//.exec(path)?.[1];
}

function typeScriptFiles(folder: string): string[] {
  if (!existsSync(folder)) {
    return [];
  }
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => join(entry.parentPath, entry.name));
}

function parse(file: string): Source {
  const text = readFileSync(file, 'utf8');
  const tree = ts.createSourceFile(file, text, ts.ScriptTarget.ES2023, true);
  return { path: relative(root, file), text, tree };
}

/** Captured records are what they are: a customer's paths are no path of ours. */
function trackedTextFiles(): string[] {
  const listing = execFileSync('git', ['ls-files', '-z'], { cwd: root, encoding: 'utf8' });
  return (
    listing
      .split('\0')
      .filter((path) =>
        /\.(ts|mjs|cjs|json|ya?ml|md|xml|properties|options|sh|html|css|toml)$|(^|\/)[^./]+$/.test(path),
      )
      .filter((path) => path !== 'package-lock.json' && !path.includes('fixtures/'))
      // Removed, but not committed yet.
      .filter((path) => existsSync(join(root, path)))
  );
}
