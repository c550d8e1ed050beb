import { setMaxListeners } from 'node:events';
import { readFile } from 'node:fs/promises';
import { Pool } from 'undici';
import * as z from 'zod';
import type { Tool } from '../../shared/entity.ts';
import { DependencyError, messageOf } from '../../shared/errors.ts';
import type { ProvidedEntity } from '../../shared/reference-table.ts';
import type { HttpProviderSettings } from '../../shared/settings.ts';
import { Circuit } from '../circuit.ts';
import { PROVIDED_SHAPES, providedOf, shapeProblem } from './provided-shape.ts';
import {
  countAnswers,
  type ProviderAnswer,
  type ProviderEvents,
  type ProviderKey,
  type ReferenceProvider,
} from './provider.ts';

/** What is read of an answer that is not taken, so that its connection can serve the next request. */
const REFUSED_BYTES_MAX = 16_384;

const answerShape = z.object({
  references: z.array(z.record(z.string(), z.unknown()).nullable()),
});

/**
 * A service that is asked for many references at once: `POST {"keys": […]}` answers `{"references": […]}`. Whatever goes wrong
 * (no connection, no answer in time, a status other than 200, an answer too large or of a wrong shape) counts as not answered, and
 * after some of it in a row nothing is asked until a request without keys succeeds.
 */
export class HttpProvider implements ReferenceProvider {
  readonly name: string;
  readonly #settings: HttpProviderSettings;
  readonly #events: ProviderEvents;
  readonly #pool: Pool;
  readonly #path: string;
  readonly #circuit: Circuit;
  #lastFailure = '';

  private constructor(settings: HttpProviderSettings, events: ProviderEvents, pool: Pool) {
    this.name = settings.name;
    this.#settings = settings;
    this.#events = events;
    this.#pool = pool;
    this.#path = new URL(settings.url).pathname;
    this.#circuit = new Circuit({
      failuresToOpen: settings.failuresToOpen,
      probeIntervalMs: settings.probeIntervalMs,
      probe: async () => {
        await this.#ask([], this.#deadline());
      },
      changed: (open) =>
        events.noticed(this.name, open ? `is not asked for now: ${this.#lastFailure}` : 'answers again'),
    });
  }

  /** Reads the files that it needs; the service itself may be away. Rejects with a DependencyError that names the file. */
  static async open(settings: HttpProviderSettings, events: ProviderEvents): Promise<HttpProvider> {
    const read = async (
      key: 'caFile' | 'certFile' | 'keyFile' | 'tokenFile',
    ): Promise<string | undefined> => {
      const path = settings[key];
      if (path === undefined) return undefined;
      return await readFile(path, 'utf8').catch((error: unknown) => {
        throw new DependencyError(`references.providers: ${settings.name}: ${key}: ${messageOf(error)}`);
      });
    };
    await read('tokenFile');
    const pool = new Pool(new URL(settings.url).origin, {
      connections: settings.connections,
      maxResponseSize: settings.responseBytesMax,
      connect: {
        ca: await read('caFile'),
        cert: await read('certFile'),
        key: await read('keyFile'),
        timeout: settings.timeoutMs,
        rejectUnauthorized: true,
      },
    });
    return new HttpProvider(settings, events, pool);
  }

  answers(entity: ProvidedEntity, tool: Tool): boolean {
    return this.#settings.entities.includes(entity) && this.#settings.tools.includes(tool);
  }

  async lookUp(keys: readonly ProviderKey[]): Promise<readonly ProviderAnswer[]> {
    const size = this.#settings.keysPerRequestMax;
    const deadline = this.#deadline();
    const requests: Promise<readonly ProviderAnswer[]>[] = [];
    for (let from = 0; from < keys.length; from += size) {
      requests.push(this.#answersTo(keys.slice(from, from + size), deadline));
    }
    const answers = (await Promise.all(requests)).flat();
    countAnswers(this.name, answers, this.#events);
    return answers;
  }

  async close(): Promise<void> {
    this.#circuit.close();
    await this.#pool.destroy();
  }

  async #answersTo(keys: readonly ProviderKey[], deadline: AbortSignal): Promise<readonly ProviderAnswer[]> {
    if (!this.#circuit.open) {
      try {
        const answers = await this.#ask(keys, deadline);
        this.#circuit.succeeded();
        return answers;
      } catch (error) {
        this.#lastFailure = messageOf(error);
        if (!this.#pool.destroyed) this.#circuit.failed();
      }
    }
    return keys.map(() => undefined);
  }

  /** One request. Rejects with the reason why there is no answer. */
  async #ask(keys: readonly ProviderKey[], deadline: AbortSignal): Promise<readonly ProviderAnswer[]> {
    const { statusCode, body } = await this.#pool.request({
      method: 'POST',
      path: this.#path,
      headers: {
        'content-type': 'application/json',
        accept: 'application/json',
        ...(await this.#authorization()),
      },
      body: JSON.stringify({
        keys: keys.map(({ entity, tool, by, value }) => ({ entity, tool, by, value })),
      }),
      signal: deadline,
    });
    if (statusCode !== 200) {
      await body.dump({ limit: REFUSED_BYTES_MAX });
      throw new Error(`HTTP ${statusCode}`);
    }
    return answersIn(await body.text(), keys);
  }

  /** Read for every request: a token that is replaced in its file is used at once. */
  async #authorization(): Promise<Record<string, string>> {
    const { tokenFile } = this.#settings;
    if (tokenFile === undefined) return {};
    return { authorization: `Bearer ${(await readFile(tokenFile, 'utf8')).trim()}` };
  }

  #deadline(): AbortSignal {
    const deadline = AbortSignal.timeout(this.#settings.timeoutMs);
    // Every request of a look-up listens to it; Node takes more than ten listeners for a leak.
    setMaxListeners(0, deadline);
    return deadline;
  }
}

function answersIn(text: string, keys: readonly ProviderKey[]): ProviderAnswer[] {
  const { references } = checked(answerShape, jsonOf(text));
  if (references.length !== keys.length) {
    throw new Error(`the answer has ${references.length} references for ${keys.length} keys`);
  }
  return keys.map((key, index) => {
    const reference = references[index];
    if (reference === null || reference === undefined) return null;
    const provided = providedOf(
      key.entity,
      checked(PROVIDED_SHAPES[key.entity], reference, `references[${index}].`),
    );
    const answered = key.by === 'id' ? provided.id : provided.columns[key.by];
    if (answered !== key.value)
      throw new Error(`references[${index}]: its ${key.by} is not the one asked for`);
    return provided;
  });
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Its own message quotes the text.
    throw new Error('the answer is not JSON');
  }
}

function checked<Shape extends z.ZodType>(shape: Shape, value: unknown, place = ''): z.output<Shape> {
  const result = shape.safeParse(value);
  if (!result.success) throw new Error(`the answer is wrong: ${place}${shapeProblem(result.error)}`);
  return result.data;
}
