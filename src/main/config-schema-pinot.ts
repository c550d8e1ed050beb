import * as z from 'zod';
import { choice, optionalText, secretFile, secretText, texts, whole } from './config-option.ts';

/** What `pinot plan|apply` and `doctor` need to know. The service itself never talks to Pinot: it produces, Pinot consumes. */
export const pinotSection = z.strictObject({
  controllerUrl: optionalText(
    'Address of Pinot’s controller, as `https://host:port`; absent: there is no Pinot.',
  ).refine((url) => url === undefined || /^https?:\/\/[^\s/@?#]+\/?$/.test(url), {
    message: 'an address such as https://pinot-controller:9000, without user and path',
  }),
  caFile: optionalText(
    'PEM file of the authorities that sign the controller’s certificate; absent: those of Node. It is always verified.',
  ),
  username: optionalText('User, for basic authentication.'),
  password: secretText('Password, for basic authentication.'),
  passwordFile: secretFile('password'),
  token: secretText('Bearer token, instead of user and password.'),
  tokenFile: secretFile('token'),
  requestTimeoutMs: whole(
    30_000,
    [100, 600_000],
    'A request that the controller does not answer within this time has failed.',
  ),
  replication: whole(1, [1, 100], 'Replicas of a table’s segments. Raised by `pinot apply`, never lowered.'),
  kafkaBrokers: texts(
    [],
    'Brokers as Pinot’s servers reach them, as `host:port`; empty: those of `kafka.brokers`.',
  ),
  kafkaClient: choice(
    ['kafka30', 'kafka40'],
    'kafka40',
    'Which of Pinot’s Kafka plugins consumes; both come with Pinot since 1.5.0.',
  ),
  kafkaProperties: z
    .record(z.string(), z.string())
    .default({})
    .meta({
      description:
        'More properties of the tables’ Kafka consumers, such as `security.protocol`. They are stored and shown as they are: for ' +
        'a secret give the name of a variable of Pinot’s own environment, as docs/pinot.md says.',
    }),
});
