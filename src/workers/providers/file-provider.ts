import { readFile, stat } from 'node:fs/promises';
import { LineCounter, parseDocument } from 'yaml';
import * as z from 'zod';
import { TOOLS, type Tool } from '../../shared/entity.ts';
import { DependencyError, messageOf } from '../../shared/errors.ts';
import { FACES, type ProvidedEntity } from '../../shared/reference-table.ts';
import type { FileProviderSettings } from '../../shared/settings.ts';
import { PROVIDED_SHAPES, providedOf, shapeProblem } from './provided-shape.ts';
import {
  countAnswers,
  type Provided,
  type ProviderAnswer,
  type ProviderEvents,
  type ProviderKey,
  type ReferenceProvider,
} from './provider.ts';

/** References by the text of the key that they are found by. */
type References = ReadonlyMap<string, Provided>;

const LOOKUP_COLUMNS = ['device_key', 'mesh_node_id'] as const;

const entry = z.discriminatedUnion(
  'entity',
  [entryOf('organisation'), entryOf('site'), entryOf('role'), entryOf('user'), entryOf('device')],
  {
    error: ({ code }) => (code === 'invalid_union' ? `takes ${Object.keys(FACES).join(' | ')}` : undefined),
  },
);

function entryOf<Entity extends ProvidedEntity>(entity: Entity) {
  return z.strictObject({
    ...PROVIDED_SHAPES[entity].shape,
    entity: z.literal(entity),
    tool: z.enum(TOOLS),
  });
}

/**
 * References of a YAML or JSON file, held in memory. The file is looked at now and then: a new one takes the old one's place as a
 * whole, and one that is wrong changes nothing.
 */
export class FileProvider implements ReferenceProvider {
  readonly name: string;
  readonly #settings: FileProviderSettings;
  readonly #events: ProviderEvents;
  #references: References;
  /** Of the file that was last looked at, taken or not. */
  #stamp: string;
  #timer: NodeJS.Timeout | null = null;

  private constructor(settings: FileProviderSettings, events: ProviderEvents, read: ReadFile) {
    this.name = settings.name;
    this.#settings = settings;
    this.#events = events;
    this.#references = read.references;
    this.#stamp = read.stamp;
  }

  /** Reads the file. Rejects with a DependencyError that names file, entry and what is wrong. */
  static async open(settings: FileProviderSettings, events: ProviderEvents): Promise<FileProvider> {
    const { name, path } = settings;
    const read = await readReferences(path).catch((error: unknown) => {
      throw new DependencyError(`references.providers: ${name}: ${path}: ${messageOf(error)}`);
    });
    const provider = new FileProvider(settings, events, read);
    provider.#schedule();
    return provider;
  }

  answers(entity: ProvidedEntity, tool: Tool): boolean {
    return this.#settings.entities.includes(entity) && this.#settings.tools.includes(tool);
  }

  lookUp(keys: readonly ProviderKey[]): Promise<readonly ProviderAnswer[]> {
    const answers = keys.map((key) => this.#references.get(nameOf(key)) ?? null);
    countAnswers(this.name, answers, this.#events);
    return Promise.resolve(answers);
  }

  close(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    return Promise.resolve();
  }

  #schedule(): void {
    const again = (): void => {
      if (this.#timer !== null) this.#schedule();
    };
    this.#timer = setTimeout(() => {
      this.#refresh().then(again, again);
    }, this.#settings.refreshMs);
    this.#timer.unref();
  }

  async #refresh(): Promise<void> {
    const { path } = this.#settings;
    // A file that is not there, for the moment of a replacement or for good, is one that cannot be read.
    const stamp = await stampOf(path).catch((error: unknown) => `absent: ${messageOf(error)}`);
    if (stamp === this.#stamp) return;
    this.#stamp = stamp;
    try {
      const read = await readReferences(path);
      this.#references = read.references;
      this.#stamp = read.stamp;
      this.#events.noticed(this.name, `${path} was read again`);
    } catch (error) {
      this.#events.counted(this.name, 'unreadable', 1);
      this.#events.noticed(this.name, `${path}: ${messageOf(error)}; what was read before stays`);
    }
  }
}

interface ReadFile {
  readonly references: References;
  readonly stamp: string;
}

/** Changes with the file, also when another one is put in its place (a mounted ConfigMap). */
async function stampOf(path: string): Promise<string> {
  const { mtimeMs, size, ino } = await stat(path);
  return `${mtimeMs}:${size}:${ino}`;
}

async function readReferences(path: string): Promise<ReadFile> {
  // Before the text: a change in between is then seen the next time.
  const stamp = await stampOf(path);
  const text = await readFile(path, 'utf8');
  return { stamp, references: referencesOf(path.endsWith('.json') ? JSON.parse(text) : yamlOf(text)) };
}

function yamlOf(text: string): unknown {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true, prettyErrors: false });
  const error = document.errors[0];
  if (error !== undefined) throw new Error(`line ${lines.linePos(error.pos[0]).line}: ${error.message}`);
  return document.toJS();
}

function referencesOf(contents: unknown): References {
  if (!Array.isArray(contents)) throw new Error('takes a list of references');
  const references = new Map<string, Provided>();
  for (const [index, value] of contents.entries()) {
    const result = entry.safeParse(value);
    if (!result.success) throw new Error(`entry ${index + 1}: ${shapeProblem(result.error)}`);
    const { entity, tool } = result.data;
    const provided = providedOf(entity, result.data);
    const add = (by: ProviderKey['by'], text: string): void => {
      const name = nameOf({ entity, tool, by, value: text });
      if (references.has(name)) throw new Error(`entry ${index + 1}: its ${by} is there twice`);
      references.set(name, provided);
    };
    add('id', provided.id);
    for (const column of LOOKUP_COLUMNS) {
      const text = provided.columns[column];
      if (typeof text === 'string') add(column, text);
    }
  }
  return references;
}

function nameOf({ entity, tool, by, value }: ProviderKey): string {
  return `${entity}|${tool}|${by}|${value}`;
}
