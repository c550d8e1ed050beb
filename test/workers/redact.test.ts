import { describe, expect, it } from 'vitest';
import { redactedJson, redactedValue } from '../../src/workers/redact.ts';
import { isSecretName } from '../../src/workers/secret-name.ts';
import { redactedText } from '../../src/workers/secret-text.ts';

const SECRET = 'hunter2';

function redact(value: unknown, maxBytes = 32 * 1024): string | null {
  return redactedJson(JSON.stringify(value), maxBytes, (rule) => {
    throw new Error(`fixed: ${rule}`);
  });
}

describe('names of secrets', () => {
  it.each([
    ...[
      'password',
      'Password',
      'smtp_password',
      'PASSWD',
      'pwd',
      'pass',
      'passphrase',
      'passcode',
      'password_hash',
    ],
    ...[
      'secret',
      'client_secret',
      'enroll_secret',
      'secrets',
      'token',
      'access-token',
      'mesh_token',
      'authToken',
    ],
    ...[
      'totp',
      'totp_key',
      'otp',
      'otpsecret',
      'otpkeys',
      'otphkeys',
      'salt',
      'password_salt',
      'hash',
      'pin',
    ],
    ...[
      'api_key',
      'apiKey',
      'API-Key',
      'private_key',
      'node_key',
      'orbit_node_key',
      'session_key',
      'sessionid',
      'key',
    ],
    ...[
      'cookie',
      'Set-Cookie',
      'Authorization',
      'credential',
      'credentials',
      'recovery_lock_password',
      'recoveryKey',
    ],
    ...['backup_codes', 'passtype', 'jwt'],
  ])('%s is one', (name) => {
    expect(isSecretName(name)).toBe(true);
  });

  it.each([
    ...[
      'script_hash',
      'commitHash',
      'public_key',
      'passes',
      'passing',
      'pinned',
      'auth_method',
      'name',
      'hostname',
    ],
    ...[
      'authorized_application',
      'author_id',
      'enrollment_id',
      'keyword',
      'monkeys_count',
      'ip',
      'session',
      'value',
    ],
  ])('%s is none', (name) => {
    expect(isSecretName(name)).toBe(false);
  });
});

describe('free-form JSON', () => {
  it('loses members whose names say secret, at any depth', () => {
    expect(redact({ name: 'x', password: SECRET, a: [{ b: { api_key: SECRET, ok: 1 } }] })).toBe(
      '{"name":"x","a":[{"b":{"ok":1}}]}',
    );
  });

  it('loses them in JSON inside of strings, however deep that is nested', () => {
    const inner = JSON.stringify({ token: SECRET, keep: 'me' });
    const redacted = redact({ body: JSON.stringify({ request: inner }) }) ?? '';
    expect(redacted).not.toContain(SECRET);
    expect(redacted).toContain('keep');
  });

  it('loses a value whose neighbour names it', () => {
    expect(
      redact([
        { name: 'SMTP password', value: SECRET },
        { name: 'Colour', value: 'red' },
      ]),
    ).toBe('[{"name":"SMTP password"},{"name":"Colour","value":"red"}]');
  });

  it('loses the parameters of URLs and the assignments of commands', () => {
    const redacted = redact({
      query: `next=%2F&token=${SECRET}`,
      path: `/x?next=%2Fy%3Ftoken%3D${SECRET}%26z`,
      url: `https://ann:${SECRET}@host/x`,
      env: ['LEVEL=all', `API_KEY=${SECRET}`],
    });
    expect(redacted).not.toContain(SECRET);
    expect(redacted).toContain('LEVEL=all');
  });

  it('is not fooled by escapes in a name', () => {
    expect(redactedJson(`{"p\\u0061ssword":"${SECRET}"}`, 100, () => undefined)).toBe('{}');
  });

  it('keeps whether there is a secret', () => {
    expect(redact({ password_changed: true, totp_key: null })).toBe(
      '{"password_changed":true,"totp_key":null}',
    );
  });

  it('keeps which secret was looked at: Authentik names it by application and key', () => {
    const viewed = { secret: { pk: 'abc', app: 'authentik_crypto', name: 'cert' } };
    expect(redact(viewed)).toBe(JSON.stringify(viewed));
  });

  it('is the source’s own text when there is nothing to take out', () => {
    const text = '{"ip": "198.51.100.7",  "n": 1.10}';
    expect(redactedJson(text, 100, () => undefined)).toBe(text);
    const named = '{"keyword": 1.10, "id": 9007199254740993}';
    expect(redactedJson(named, 100, () => undefined)).toBe(named);
  });

  it('keeps integers beyond 2^53 exactly', () => {
    expect(redactedJson('{"id": 9007199254740993, "token": "x"}', 100, () => undefined)).toBe(
      '{"id":9007199254740993}',
    );
  });

  it('takes what a mapping says to keep or to remove', () => {
    const row = JSON.stringify({ key: 'HKLM\\Run', value: 'x' });
    expect(redactedJson(row, 100, () => undefined, { keep: ['key'] })).toBe(row);
    expect(redactedJson(row, 100, () => undefined, { keep: ['key'], remove: ['value'] })).toBe(
      '{"key":"HKLM\\\\Run"}',
    );
  });

  it.each([
    ['one long text', { name: 'x', big: 'ü'.repeat(60_000) }],
    ['many texts', Array.from({ length: 50 }, () => '"'.repeat(900))],
    ['many members', Object.fromEntries(Array.from({ length: 5000 }, (_, at) => [`m${at}`, at]))],
  ])('is cut visibly for its %s, and JSON still', (_, value) => {
    const fixes: string[] = [];
    const cut = redactedJson(JSON.stringify(value), 16 * 1024, (rule) => fixes.push(rule)) ?? '';
    expect(Buffer.byteLength(cut)).toBeLessThanOrEqual(16 * 1024);
    expect(JSON.stringify(JSON.parse(cut))).toContain('… [cut]');
    expect(fixes).toEqual(['text_too_long']);
  });

  it('is nothing, and counted, when the text is no JSON', () => {
    const fixes: string[] = [];
    expect(redactedJson(`password=${SECRET}`, 100, (rule) => fixes.push(rule))).toBeNull();
    expect(redactedJson('null', 100, (rule) => fixes.push(rule))).toBeNull();
    expect(fixes).toEqual(['invalid_json_column']);
  });

  it('ends at a depth that no stack minds', () => {
    const deep = `${'[{"a":'.repeat(1500)}"token=${SECRET}"${'}]'.repeat(1500)}`;
    expect(redactedJson(deep, 1e6, () => undefined)).not.toContain(SECRET);
  });

  it('is taken from a value that is parsed already', () => {
    expect(redactedValue({ ip: '::1', hash: SECRET }, 100, () => undefined)).toBe('{"ip":"::1"}');
    expect(redactedValue(null, 100, () => undefined)).toBeNull();
  });
});

describe('plain text', () => {
  it.each([
    `mysql --password=${SECRET} -e x`,
    `foo --token ${SECRET} --force`,
    `Set-Thing -ApiKey '${SECRET} with blanks'`,
    `$password = "${SECRET}"; next`,
    `DB_PASSWORD: ${SECRET}`,
    `ConvertTo-SecureString "${SECRET}" -AsPlainText -Force`,
    `net user bob ${SECRET} /add`,
    `curl -u ann:${SECRET} https://host`,
    `curl -H "Authorization: Bearer ${SECRET}" https://host`,
    `"{\\"client_secret\\": \\"${SECRET}\\"}"`,
    `pbkdf2_sha256$600000$abc$${SECRET}=`,
    `$2a$12$${SECRET}abcdefghijk`,
    `eyJhbGciOiJI.${SECRET}.abc`,
    `-----BEGIN RSA PRIVATE KEY-----\n${SECRET}\n-----END RSA PRIVATE KEY-----`,
  ])('loses the secret of %j', (text) => {
    const redacted = redactedText(text);
    expect(redacted).not.toContain(SECRET);
    expect(redacted).toContain('[removed]');
  });

  it.each([
    'mallory failed to login: Credentials were rejected',
    'bob failed to login: Two Factor token rejected',
    'Get-Process | ? {$_.CPU -gt 10} | % { "$($_.Name)" }',
    'ann ran script: "Clear temp files" on ACME-WS-011',
    'Basic authentication was used',
    'net user bob /delete',
    'ann ran url action: https://x.test/?q={{agent.hostname}} on agent: X',
  ])('keeps %j as it is', (text) => {
    expect(redactedText(text)).toBe(text);
  });

  it.each([
    ['a long word behind a name', `password ${'a'.repeat(60_000)}`],
    ['a name again and again', 'token'.repeat(12_000)],
    ['signs of URLs', '://'.repeat(20_000)],
    ['signs of options', ' -u'.repeat(20_000)],
    ['blanks', `pass${' '.repeat(60_000)}`],
    ['quotes', 'password="'.repeat(6_000)],
  ])('takes no longer for %s', (_, text) => {
    const start = performance.now();
    redactedText(text);
    expect(performance.now() - start).toBeLessThan(500);
  });
});
