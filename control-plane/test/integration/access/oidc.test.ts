/** Users of an OpenID Connect provider, with one that the test runs. */
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mkdtemp, rm } from 'node:fs/promises';
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWTPayload } from 'jose';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { FakeClock } from '../../../../machinery/testing/fake-clock.ts';
import { createOidcAuthenticator, type OidcOptions } from '../../../authentication/oidc-authenticator.ts';
import { systemClock } from '../../../../machinery/clock.ts';
import { ensurePki } from '../../../pki/ensure-pki.ts';

let provider: Server;
let directory: string;
let issuerUrl: string;
let ca: string;
let keys: { id: string; privateKey: CryptoKey; publicKey: CryptoKey }[];
let asked = 0;
let clock: FakeClock;

async function newKey(id: string) {
  return { id, ...await generateKeyPair('ES256') };
}
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'oidc-'));
  const pki = await ensurePki({ directory, names: [], addresses: ['127.0.0.1'], clock: systemClock });
  ca = pki.ca;
  provider = createServer({ key: pki.apiServer.key, cert: pki.apiServer.certificate }, (request, response) => {
    asked += 1;
    const answer = async () => (request.url === '/keys' ? { keys: await Promise.all(keys.map(async ({ id, publicKey }) => ({ ...await exportJWK(publicKey), kid: id, alg: 'ES256' }))) } : { issuer: issuerUrl, jwks_uri: `${issuerUrl}/keys` });
    void answer().then((document) => response.end(JSON.stringify(document)));
  });
  await new Promise<void>((resolve) => { provider.listen(0, '127.0.0.1', resolve); });
  issuerUrl = `https://127.0.0.1:${(provider.address() as AddressInfo).port}`;
});
beforeEach(async () => {
  clock = new FakeClock();
  keys = [await newKey('one')];
});
afterAll(async () => {
  provider.close();
  await rm(directory, { recursive: true, force: true });
});

function token(claims: JWTPayload = {}, key = keys[0]!): Promise<string> {
  const now = Math.floor(clock.now() / 1000);
  return new SignJWT({ iss: issuerUrl, aud: 'bramble', sub: 'jane', exp: now + 60, ...claims }).setProtectedHeader({ alg: 'ES256', kid: key.id }).sign(key.privateKey);
}
const authenticator = (options: Partial<OidcOptions> = {}) => createOidcAuthenticator({ issuerUrl, clientId: 'bramble', ca, ...options }, clock);

it('knows users and groups, with their prefixes', async () => {
  expect(await authenticator().authenticateToken(await token(), [])).toMatchObject({ user: { name: `${issuerUrl}#jane`, groups: ['system:authenticated'] } });
  const options = { usernameClaim: 'email', groupsClaim: 'teams', groupsPrefix: 'oidc:' };
  const claims = { email: 'jane@example.com', teams: ['a', 'b'] };
  expect(await authenticator(options).authenticateToken(await token(claims), [])).toMatchObject({ user: { name: 'jane@example.com', groups: ['oidc:a', 'oidc:b', 'system:authenticated'] } });
  expect(await authenticator({ usernamePrefix: '-' }).authenticateToken(await token(), [])).toMatchObject({ user: { name: 'jane' } });
  expect(await authenticator({ usernamePrefix: 'oidc:' }).authenticateToken(await token(), [])).toMatchObject({ user: { name: 'oidc:jane' } });
});

it('refuses tokens for others, expired ones, foreign keys, and users whose address nobody checked', async () => {
  const known = authenticator();
  const foreign = { ...await newKey('one'), id: 'one' };
  for (const bad of [await token({ aud: 'other' }), await token({ exp: Math.floor(clock.now() / 1000) - 1 }), await token({}, foreign), await token({ sub: '' })]) {
    await expect(known.authenticateToken(bad, [])).rejects.toThrow('Unauthorized');
  }
  await expect(authenticator({ usernameClaim: 'email' }).authenticateToken(await token({ email: 'a@b', email_verified: false }), [])).rejects.toThrow('Unauthorized');
  expect(known.authenticateToken(await token({ iss: 'https://other' }), [])).toBeUndefined();
});

it('asks for new keys, but not at every odd token', async () => {
  const known = authenticator();
  await known.authenticateToken(await token(), []);
  keys = [await newKey('two')];
  const before = asked;
  await expect(known.authenticateToken(await token(), [])).rejects.toThrow('Unauthorized');
  expect(asked).toBe(before);
  await clock.advance(60_000);
  expect(await known.authenticateToken(await token(), [])).toMatchObject({ user: { name: `${issuerUrl}#jane` } });
});

it('trusts no provider with a certificate of somebody else', async () => {
  const { ca: _ca, ...options } = { issuerUrl, clientId: 'bramble', ca };
  await expect(createOidcAuthenticator(options, clock).authenticateToken(await token(), [])).rejects.toThrow('Unauthorized');
});
