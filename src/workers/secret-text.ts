import { cutText } from './cut-text.ts';

/**
 * Takes secrets out of plain text: commands, messages, URLs. Conservative, because any text is worth reading: only what stands behind
 * a name that says secret, or has the form of a hash, a token or a private key.
 */
const REMOVED = '[removed]';

const NAME =
  '(?:pass(?:word|wd|phrase|code)?|pwd|secret|token|totp|otp|api[-_]?key|access[-_]?key|private[-_]?key|node[-_]?key|session[-_]?(?:key|id)|encryption[-_]?key|auth[-_]?key|jwt|cookie|credentials?|salt)';
/** Quoted, also inside of a quoted text, or up to the next blank. */
const VALUE =
  '(?:"(?:[^"\\\\]|\\\\.)*"|\'[^\']*\'|\\\\{1,3}"[^"\\\\]*\\\\{1,3}"|[^\\s"\'&;,\\\\][^\\s"\'&;,]*)';
/** What may follow a secret's name inside of the same word. Bounded, as all that is repeated here: texts come from anybody. */
const REST = '[\\w.-]{0,40}';

const RULES: readonly (readonly [RegExp, string])[] = [
  [/-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]{0,30}PRIVATE KEY-----|$)/g, REMOVED],
  [/(\bauthorization["']?\s{0,8}[:=]\s{0,8}["']?\w+\s{1,8})[^\s"']+/gi, `$1${REMOVED}`],
  [/(\bbearer\s{1,8})[A-Za-z0-9+/._~=-]{16,}/gi, `$1${REMOVED}`],
  // name=value, name: value, and the same inside an encoded URL
  [new RegExp(`(${NAME}${REST}[\\\\"']{0,4}\\s{0,8}[=:]\\s{0,8})${VALUE}`, 'gi'), `$1${REMOVED}`],
  [new RegExp(`(${NAME}${REST}%3D)[^\\s"'&%]+`, 'gi'), `$1${REMOVED}`],
  // --name value, -Name value, /name value
  [
    new RegExp(`((?:^|[\\s(])(?:--?|/)[\\w-]{0,40}${NAME}${REST}\\s{1,8})(?![-(/])${VALUE}`, 'gi'),
    `$1${REMOVED}`,
  ],
  [new RegExp(`(ConvertTo-SecureString\\s{1,8}(?:-String\\s{1,8})?)(?!-)${VALUE}`, 'gi'), `$1${REMOVED}`],
  [
    new RegExp(`(\\bnet1?(?:\\.exe)?\\s{1,8}user\\s{1,8}(?!/)${VALUE}\\s{1,8})(?!/)${VALUE}`, 'gi'),
    `$1${REMOVED}`,
  ],
  // user:password@ of a URL, and of curl -u
  [/(:\/\/[^\s/:@"']{1,256}:)[^\s/@"']+(?=@)/g, `$1${REMOVED}`],
  [/(\s-u\s{0,8}["']?[^\s:"']{1,256}:)[^\s"']+/g, `$1${REMOVED}`],
  // hashes of passwords, JSON web tokens
  [/\b(?:pbkdf2|bcrypt|scrypt|argon2)\w{0,40}\$[^\s"',]+/g, REMOVED],
  [/\$(?:\d[a-z]?|argon2\w{0,8}|y|scrypt)\$[^\s"',]{8,}/g, REMOVED],
  [/\beyJ[\w-]{8,}\.[\w-]+(?:\.[\w-]*)?/g, REMOVED],
];

/** Two expressions that V8 searches for fast; one of all alternatives takes five times as long. */
const NAMES =
  /pass|pwd|secret|token|otp|cookie|credential|recovery|backup|jwt|key|salt|authorization|samlresponse|hash|bearer|session/i;
const SIGNS = /\$|eyJ| -u| user |"pin|SecureString|:\/\/[^\s"/]{1,300}@|\\u/;

/** Whether a text may hold a secret: its name, its form, or an escape of JSON that could hide it. */
export function hintsAtSecret(text: string): boolean {
  return NAMES.test(text) || SIGNS.test(text);
}

/** The text without secrets, cut visibly when it has more than `maxBytes`. */
export function redactedText(text: string, maxBytes = Number.POSITIVE_INFINITY): string {
  let redacted = text;
  if (hintsAtSecret(text)) for (const [pattern, shown] of RULES) redacted = redacted.replace(pattern, shown);
  return maxBytes === Number.POSITIVE_INFINITY ? redacted : cutText(redacted, maxBytes);
}
