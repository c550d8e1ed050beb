import * as z from 'zod';
import { TOOLS } from '../shared/entity.ts';
import { PROVIDED_ENTITIES } from '../shared/reference-table.ts';
import { MIB, optionalText, TIMER_MAX_MS, whole } from './config-option.ts';

function required(description: string) {
  return z.string().min(1).meta({ description });
}

/** Keys that every kind of provider has. */
const SCOPE = {
  name: z
    .string()
    .regex(
      /^[a-z][a-z0-9_-]{0,47}$/,
      'lower case letters, digits, _ and -, a letter first: it is a label of metrics',
    )
    .meta({ description: 'A name of its own, which metrics and messages show.' }),
  entities: z
    .array(z.enum(PROVIDED_ENTITIES))
    .min(1)
    .default([...PROVIDED_ENTITIES])
    .meta({ description: 'What it is asked for.' }),
  tools: z
    .array(z.enum(TOOLS))
    .min(1)
    .default([...TOOLS])
    .meta({ description: 'Tools whose references it is asked for.' }),
};

const httpProvider = z
  .strictObject({
    kind: z.literal('http').meta({ description: 'A service.' }),
    ...SCOPE,
    url: required('Address that the keys are posted to.').refine(isPlainUrl, {
      message:
        'takes an http:// or https:// address without user, password and query: a token goes into tokenFile',
    }),
    tokenFile: optionalText('Path of a file that holds a bearer token; read for every request.'),
    caFile: optionalText('PEM file of the authorities that sign its certificate; absent: those of Node.'),
    certFile: optionalText('PEM file of the client certificate, for mutual TLS.'),
    keyFile: optionalText('PEM file of the client certificate’s private key.'),
    timeoutMs: whole(1000, [10, 60_000], 'A look-up that is not answered within this time is not answered.'),
    connections: whole(4, [1, 256], 'Connections, per worker.'),
    keysPerRequestMax: whole(100, [1, 10_000], 'References asked for in one request.'),
    responseBytesMax: whole(MIB, [1024, 64 * MIB], 'Largest answer taken.'),
    failuresToOpen: whole(3, [1, 10_000], 'Failures in a row after which it is not asked for now.'),
    probeIntervalMs: whole(
      5000,
      [100, 600_000],
      'Time between the requests without keys that find out whether it is back.',
    ),
  })
  .refine(
    ({ url, caFile, certFile, keyFile }) => url.startsWith('https:') || !(caFile ?? certFile ?? keyFile),
    {
      message: 'caFile, certFile and keyFile are not used with an http:// url',
    },
  )
  .refine(({ certFile, keyFile }) => (certFile === undefined) === (keyFile === undefined), {
    message: 'certFile and keyFile belong together: give both or none',
  });

const fileProvider = z.strictObject({
  kind: z.literal('file').meta({ description: 'A file.' }),
  ...SCOPE,
  path: required('YAML file, or JSON file if its name ends in `.json`.'),
  refreshMs: whole(10_000, [100, TIMER_MAX_MS], 'Time between looks at whether the file changed.'),
});

/** By kind; the documentation lists their keys. */
export const PROVIDER_KINDS = { http: httpProvider, file: fileProvider } as const;

const providers = z
  .array(
    z.discriminatedUnion('kind', [httpProvider, fileProvider], {
      error: (issue) =>
        issue.code === 'invalid_union' ? `takes ${Object.keys(PROVIDER_KINDS).join(' | ')}` : undefined,
    }),
  )
  .refine((list) => new Set(list.map(({ name }) => name)).size === list.length, {
    message: 'two providers have the same name',
  })
  .default([])
  .meta({
    description:
      'Where references are looked up that neither the stream nor the store knows, asked in this order; see docs/providers.md. Their ' +
      'keys are below. In an environment variable: YAML or JSON text.',
  });

export const referencesSection = z.strictObject({
  cacheBytes: whole(
    64 * MIB,
    [1024, 64 * 1024 * MIB],
    'Memory for organisations, sites, users and devices that changes refer to, per worker.',
  ),
  ttlMs: whole(300_000, [0, TIMER_MAX_MS], 'How long a found reference is believed before it is read again.'),
  negativeTtlMs: whole(
    5000,
    [0, TIMER_MAX_MS],
    'How long a reference that was not found is believed to be missing.',
  ),
  retryMs: whole(
    60_000,
    [1000, TIMER_MAX_MS],
    'Time between the looks at rows that wait for a reference that a provider may know by now.',
  ),
  providers,
});

/** Addresses are printed: no place for a secret. */
function isPlainUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password, search } = new URL(text);
  return (protocol === 'http:' || protocol === 'https:') && username + password + search === '';
}
