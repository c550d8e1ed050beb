import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { newProvider, newService, organisation } from './http-trial.ts';
import { respondNames } from './loopback-service.ts';

const hasOpenssl = spawnSync('openssl', ['version']).status === 0;
const folder = mkdtempSync(join(tmpdir(), 'openframe-provider-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('the access of an HTTP provider', () => {
  test('sends the token that its file holds now', async () => {
    const service = await newService();
    const tokenFile = join(folder, 'token');
    writeFileSync(tokenFile, 'first\n');
    const { provider } = await newProvider(service.url, { tokenFile });
    await provider.lookUp([organisation('1')]);
    writeFileSync(tokenFile, 'second\n');
    await provider.lookUp([organisation('1')]);
    expect(service.requests.map(({ headers }) => headers.authorization)).toEqual([
      'Bearer first',
      'Bearer second',
    ]);
  });

  test('is refused at the start without the files that it is told of', async () => {
    await expect(
      newProvider('http://127.0.0.1:9/', { tokenFile: join(folder, 'nowhere') }),
    ).rejects.toMatchObject({
      name: 'DependencyError',
      message: expect.stringMatching(/^references\.providers: directory: tokenFile: ENOENT/),
    });
  });

  test.skipIf(!hasOpenssl)('verifies the certificate of its service (needs openssl)', async () => {
    const certificate = selfSigned();
    const service = await newService(respondNames, certificate);
    const caFile = join(folder, 'cert.pem');
    const trusting = await newProvider(service.url, { caFile });
    expect(await trusting.provider.lookUp([organisation('3')])).toMatchObject([{ id: '3' }]);
    const other = await newProvider(service.url);
    expect(await other.provider.lookUp([organisation('3')])).toEqual([undefined]);
    expect(service.requests).toHaveLength(1);
  });
});

function selfSigned(): { key: string; cert: string } {
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  execFileSync(
    'openssl',
    [
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:prime256v1',
      '-nodes',
      '-days',
      '1',
      '-subj',
      '/CN=loopback',
      '-addext',
      'subjectAltName=IP:127.0.0.1',
      '-keyout',
      key,
      '-out',
      cert,
    ],
    { stdio: 'ignore' },
  );
  return { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') };
}
