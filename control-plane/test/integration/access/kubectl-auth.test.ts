/** Who may do what, as kubectl and plain clients see it. */
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { namespaces, pods, secrets, serviceAccounts } from '../../../../api/resources.ts';
import { startApiServer, type StartedApiServer } from '../start-api-server.ts';

const run = promisify(execFile);
let server: StartedApiServer;
const admin = { user: { name: 'admin', groups: ['system:masters'] }, fieldManager: 'test', dryRun: false };

beforeAll(async () => {
  server = await startApiServer();
  await server.registry.of(namespaces).create(admin, undefined, { metadata: { name: 'team' } });
  await server.registry.of(serviceAccounts).create(admin, 'team', { metadata: { name: 'robot' } });
});
afterAll(() => server.stop());

async function kubectl(...args: string[]): Promise<string> {
  const { stdout } = await run('kubectl', ['--kubeconfig', server.kubeconfig, ...args]);
  return stdout;
}
const refusal = async (...args: string[]): Promise<string> => {
  const failure = await kubectl(...args).then(() => undefined, (error: unknown) => error as { stderr: string; stdout: string });
  return `${failure?.stdout}${failure?.stderr}`;
};

async function send(method: string, path: string, token?: string, body?: object): Promise<{ code: number; body: { message?: string; status?: Record<string, unknown>; issuer?: string; keys?: { kid: string }[] } }> {
  return new Promise((resolve, reject) => {
    const outgoing = request(`${server.url}${path}`, {
      method, ca: server.pki.ca, agent: false, headers: { ...(token ? { authorization: `Bearer ${token}` } : {}), ...(body ? { 'content-type': 'application/json' } : {}) },
    }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => resolve({ code: response.statusCode!, body: JSON.parse(Buffer.concat(chunks).toString()) as never }));
    });
    outgoing.on('error', reject);
    outgoing.end(body && JSON.stringify(body));
  });
}

describe('kubectl auth', () => {
  it('tells the administrator what he may', async () => {
    expect(await kubectl('auth', 'can-i', 'delete', 'nodes')).toBe('yes\n');
    expect(await kubectl('auth', 'can-i', '--list')).toMatch(/\*\.\*\s+\[\]\s+\[\]\s+\[\*\]/);
    expect(await kubectl('auth', 'whoami')).toContain('kubernetes-admin');
  });

  it('acts as somebody else, with what he may', async () => {
    expect(await refusal('auth', 'can-i', 'list', 'pods', '--as', 'jane')).toContain('no');
    expect(await refusal('get', 'pods', '--as', 'jane', '--as-group', 'team')).toContain('Error from server (Forbidden): pods is forbidden: User "jane" cannot list resource "pods" in API group "" in the namespace "default"');
    await kubectl('create', 'rolebinding', 'jane-views', '-n', 'team', '--clusterrole', 'system:aggregate-to-view', '--user', 'jane');
    expect(await kubectl('get', 'pods', '-n', 'team', '--as', 'jane')).toBe('');
    expect(await kubectl('auth', 'can-i', 'list', 'pods', '-n', 'team', '--as', 'jane')).toBe('yes\n');
    expect(await kubectl('auth', 'whoami', '--as', 'jane', '--as-group', 'a,b', '-o', 'jsonpath={.status.userInfo.groups}')).toBe('["a,b","system:authenticated"]');
  });

  it('keeps others from acting as somebody else', async () => {
    const { stdout } = await run('kubectl', ['--kubeconfig', server.kubeconfig, 'create', 'token', 'robot', '-n', 'team']);
    const token = stdout.trim();
    const config = join(server.directory, 'token-config');
    await writeFile(config, (await readFile(server.kubeconfig, 'utf8')).replace(/ {4}client-certificate-data: .*\n/, '').replace(/client-key-data: .*/, `token: ${token}`));
    const failed = await run('kubectl', ['--kubeconfig', config, 'get', 'pods', '--as', 'jane']).then(() => '', (error: unknown) => (error as { stderr: string }).stderr);
    expect(failed).toContain('users "jane" is forbidden: User "system:serviceaccount:team:robot" cannot impersonate resource "users" in API group "" at the cluster scope');
    const own = await run('kubectl', ['--kubeconfig', config, 'auth', 'whoami', '-o', 'jsonpath={.status.userInfo.username}']);
    expect(own.stdout).toBe('system:serviceaccount:team:robot');
  });
});

const tokenPath = '/api/v1/namespaces/team/serviceaccounts/robot/token';
async function tokenOf(...args: string[]): Promise<string> {
  return (await kubectl('create', 'token', 'robot', '-n', 'team', ...args)).trim();
}
async function review(token: string, audiences?: string[]) {
  const path = join(server.directory, 'review.json');
  await writeFile(path, JSON.stringify({ kind: 'TokenReview', apiVersion: 'authentication.k8s.io/v1', spec: { token, ...(audiences ? { audiences } : {}) } }));
  return JSON.parse(await kubectl('create', '--raw', '/apis/authentication.k8s.io/v1/tokenreviews', '-f', path)) as { status: { authenticated?: boolean; error?: string; user: Record<string, unknown>; audiences?: string[] } };
}

describe('service account tokens', () => {
  it('are users', async () => {
    const token = await tokenOf();
    const { code, body } = await send('GET', '/api/v1/namespaces/team/pods', token);
    expect([code, body.message]).toEqual([403, 'pods is forbidden: User "system:serviceaccount:team:robot" cannot list resource "pods" in API group "" in the namespace "team"']);
    expect((await send('GET', '/apis', token)).code).toBe(200);
  });

  it('that were altered are refused, as are strangers', async () => {
    const token = await tokenOf();
    expect((await send('GET', '/apis', `${token.slice(0, -4)}AAAA`)).code).toBe(401);
    expect((await send('GET', '/apis', 'nonsense')).code).toBe(401);
    expect((await send('GET', '/apis')).code).toBe(403);
    expect((await send('GET', '/version')).code).toBe(200);
  });

  it('hold for their audience only', async () => {
    const token = await tokenOf('--audience', 'vault');
    expect((await send('GET', '/apis', token)).code).toBe(401);
    expect((await review(token)).status.error).toContain('token audiences ["vault"] is invalid for the target audiences');
    expect((await review(token, ['vault', 'other'])).status).toMatchObject({ authenticated: true, audiences: ['vault'], user: { username: 'system:serviceaccount:team:robot', groups: ['system:serviceaccounts', 'system:serviceaccounts:team', 'system:authenticated'] } });
  });

  it('die with what they are bound to', async () => {
    await server.registry.of(secrets).create(admin, 'team', { metadata: { name: 'key' } });
    const token = await tokenOf('--bound-object-kind', 'Secret', '--bound-object-name', 'key');
    expect((await send('GET', '/apis', token)).code).toBe(200);
    await server.registry.of(secrets).delete(admin, 'key', 'team', {});
    expect((await send('GET', '/apis', token)).code).toBe(401);
  });

  it('of pods carry the pod', async () => {
    const pod = await server.registry.of(pods).create(admin, 'team', { metadata: { name: 'web' }, spec: { serviceAccountName: 'robot', containers: [{ name: 'c', image: 'x' }] } });
    const token = await tokenOf('--bound-object-kind', 'Pod', '--bound-object-name', 'web');
    expect((await review(token)).status.user).toMatchObject({
      extra: { 'authentication.kubernetes.io/pod-name': ['web'], 'authentication.kubernetes.io/pod-uid': [pod.metadata!.uid] },
    });
  });

  it.each([
    ['too short', { expirationSeconds: 10 }, 'The TokenRequest "" is invalid: spec.expirationSeconds: Invalid value: 10: may not specify a duration less than 10 minutes'],
    ['to a node of no kind', { boundObjectRef: { kind: 'Service', apiVersion: 'v1', name: 'x' } }, 'cannot bind token to object of type /v1, Kind=Service'],
    ['to a pod that is not there', { boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name: 'x' } }, 'pods "x" not found'],
  ])('are not issued %s', async (_case, spec, message) => {
    const path = join(server.directory, 'request.json');
    await writeFile(path, JSON.stringify({ kind: 'TokenRequest', apiVersion: 'authentication.k8s.io/v1', spec: { audiences: [], ...spec } }));
    const refused = await refusal('create', '--raw', tokenPath, '-f', path);
    expect(refused).toContain(message);
  });

  it('can be verified by others', async () => {
    const token = await tokenOf();
    const keys = await send('GET', '/openid/v1/jwks', token);
    const document = await send('GET', '/.well-known/openid-configuration', token);
    expect(document.body.issuer).toBe('https://kubernetes.default.svc.cluster.local');
    const { createLocalJWKSet, jwtVerify } = await import('jose');
    const { payload } = await jwtVerify(token, createLocalJWKSet(keys.body as never), { issuer: document.body.issuer!, audience: document.body.issuer! });
    expect(payload.sub).toBe('system:serviceaccount:team:robot');
  });
});
