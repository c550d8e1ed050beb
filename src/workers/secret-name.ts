/**
 * Which names say that what stands behind them is a secret: members of JSON objects, parameters of URLs, options of commands. Names
 * are compared without case and separators: `API-Key`, `api_key` and `apiKey` are one. A name too many costs a detail, one too few a
 * secret.
 */
const ANYWHERE = [
  'password',
  'passwd',
  'passphrase',
  'passcode',
  'passhash',
  'secret',
  'token',
  'totp',
  'cookie',
  'credential',
  'sessionid',
  'recoverycode',
  'backupcode',
  'recoverylock',
  'jwt',
];
const AT_THE_END = ['key', 'keys', 'pwd', 'salt', 'otp', 'authorization', 'samlresponse'];
/** `hash` alone is a password's; a script's or a commit's has a name that says so. */
const ALONE = ['pass', 'pin', 'hash', 'passtype', 'bearer'];
const NOT_SECRET = ['publickey', 'publickeys', 'primarykey', 'foreignkey'];

const SECRET_NAME = new RegExp(
  `${ANYWHERE.join('|')}|(?:${AT_THE_END.join('|')})$|^otp|^(?:${ALONE.join('|')})$`,
);
const PUBLIC_NAME = new RegExp(`(?:${NOT_SECRET.join('|')})$`);

const NAMES_MAX = 4096;
/** Names seen: those of a tool's details are few. */
const known = new Map<string, boolean>();

export function isSecretName(name: string): boolean {
  const before = known.get(name);
  if (before !== undefined) return before;
  const plain = name.toLowerCase().replace(/[^a-z0-9]/g, '');
  const secret = SECRET_NAME.test(plain) && !PUBLIC_NAME.test(plain);
  if (known.size >= NAMES_MAX) known.clear();
  known.set(name, secret);
  return secret;
}
