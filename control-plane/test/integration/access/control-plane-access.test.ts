/** Who may do what in a whole control plane, where controllers complete what the API server begins. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../../../../machinery/testing/eventually.ts';
import { patchTypes, startControlPlane, type ControlPlane, type Loose } from '../conformance/start-control-plane.ts';

const run = promisify(execFile);
const rbac = '/apis/rbac.authorization.k8s.io/v1';
const roleRef = (name: string) => ({ apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name });
const toUser = (name: string) => ({ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name });
let plane: ControlPlane;
beforeAll(async () => { plane = await startControlPlane(); });
afterAll(() => plane.stop());

const as = (user: string) => ({ 'impersonate-user': user });
const kubectl = (...args: string[]) => run('kubectl', ['--kubeconfig', plane.kubeconfig, '--cache-dir', join(plane.directory, 'cache'), ...args]);
const decode = (text = '') => Buffer.from(text, 'base64').toString();

describe('Secrets for service account tokens', () => {
  const secretOf = (name: string, account: string) => ({ metadata: { name, annotations: { 'kubernetes.io/service-account.name': account } }, type: 'kubernetes.io/service-account-token' });
  const review = async (token: string) => (await plane.ok('POST', '/apis/authentication.k8s.io/v1/tokenreviews', { spec: { token } }))['status'] as Loose;

  it('get a token that holds until the Secret is deleted, marked or changed', async () => {
    const namespace = await plane.newNamespace();
    const secrets = `/api/v1/namespaces/${namespace}/secrets`;
    await plane.ok('POST', secrets, secretOf('token', 'default'));
    const data = await eventually(async () => (await plane.ok('GET', `${secrets}/token`)).data);
    expect(Object.keys(data ?? {}).sort()).toEqual(['ca.crt', 'namespace', 'token']);
    expect([decode(data?.['namespace']), decode(data?.['ca.crt']).slice(0, 27)]).toEqual([namespace, '-----BEGIN CERTIFICATE-----']);
    const token = decode(data?.['token']);
    expect(await review(token)).toMatchObject({ authenticated: true, user: { username: `system:serviceaccount:${namespace}:default`, groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'] } });
    const mark = (value: string | null) => plane.ok('PATCH', `${secrets}/token`, { metadata: { labels: { 'kubernetes.io/legacy-token-invalid-since': value } } }, patchTypes.merge);
    await mark('2026-01-01');
    expect((await review(token))['error']).toContain('has been marked invalid');
    await mark(null);
    expect(await review(token)).toMatchObject({ authenticated: true });
    await plane.ok('DELETE', `${secrets}/token`);
    expect(await review(token)).not.toMatchObject({ authenticated: true });
  });

  it('go with their account, and are not kept for accounts there are not', async () => {
    const namespace = await plane.newNamespace();
    const secrets = `/api/v1/namespaces/${namespace}/secrets`;
    await plane.ok('POST', `/api/v1/namespaces/${namespace}/serviceaccounts`, { metadata: { name: 'robot' } });
    await plane.ok('POST', secrets, secretOf('of-robot', 'robot'));
    await plane.ok('POST', secrets, secretOf('of-nobody', 'nobody'));
    await eventually(async () => (await plane.ok('GET', secrets)).items.map(({ metadata, data }) => metadata.name + (data ? ' filled' : '')).join() === 'of-robot filled');
    const token = decode((await plane.ok('GET', `${secrets}/of-robot`)).data?.['token']);
    await plane.ok('DELETE', `/api/v1/namespaces/${namespace}/serviceaccounts/robot`);
    expect(await review(token)).not.toMatchObject({ authenticated: true });
    await eventually(async () => (await plane.ok('GET', secrets)).items.length === 0);
  });
});

it('publishes the certificate authority in every namespace, again when it is deleted or changed', async () => {
  const path = `/api/v1/namespaces/${await plane.newNamespace()}/configmaps/kube-root-ca.crt`;
  const certificate = await eventually(async () => (await plane.call('GET', path)).body.data?.['ca.crt']);
  expect(certificate).toContain('BEGIN CERTIFICATE');
  const { metadata } = await plane.ok('GET', path);
  await plane.ok('DELETE', path);
  await eventually(async () => {
    const { code, body } = await plane.call('GET', path);
    return code === 200 && body.metadata.uid !== metadata.uid;
  });
  await plane.ok('PATCH', path, { data: { 'ca.crt': 'changed', other: 'x' } }, patchTypes.merge);
  await eventually(async () => JSON.stringify((await plane.ok('GET', path)).data) === JSON.stringify({ 'ca.crt': certificate }));
});

describe('ClusterRoles', () => {
  it('are put together from others, as these come and go', async () => {
    await plane.ok('POST', `${rbac}/clusterroles`, { metadata: { name: 'whole' }, aggregationRule: { clusterRoleSelectors: [{ matchLabels: { part: 'yes' } }] } });
    const rule = { apiGroups: ['example.com'], resources: ['things'], verbs: ['get'] };
    await plane.ok('POST', `${rbac}/clusterroles`, { metadata: { name: 'part', labels: { part: 'yes', 'rbac.authorization.k8s.io/aggregate-to-view': 'true' } }, rules: [rule] });
    const rulesOf = async (name: string) => (await plane.ok('GET', `${rbac}/clusterroles/${name}`))['rules'] as object[] | undefined;
    await eventually(async () => JSON.stringify(await rulesOf('whole')) === JSON.stringify([rule]));
    // view is part of edit, and edit of admin.
    for (const name of ['view', 'edit', 'admin']) await eventually(async () => { expect(await rulesOf(name)).toContainEqual(rule); return true; });
    await plane.ok('DELETE', `${rbac}/clusterroles/part`);
    for (const name of ['whole', 'admin']) await eventually(async () => { expect(await rulesOf(name) ?? []).not.toContainEqual(rule); return true; });
  });

  it('give nobody more than their author has, whatever the request', async () => {
    const verbs = ['create', 'update', 'patch', 'get', 'list'];
    await plane.ok('POST', `${rbac}/clusterroles`, { metadata: { name: 'clerk' }, rules: [{ apiGroups: ['rbac.authorization.k8s.io'], resources: ['clusterroles', 'clusterrolebindings', 'roles', 'rolebindings'], verbs }] });
    for (const name of ['clerk', 'view']) await plane.ok('POST', `${rbac}/clusterrolebindings`, { metadata: { name: `bea-${name}` }, roleRef: roleRef(name), subjects: [toUser('bea')] });
    const bea = as('bea');
    const secretsRule = [{ apiGroups: [''], resources: ['secrets'], verbs: ['get'] }];
    const mine = [{ apiGroups: [''], resources: ['pods'], verbs: ['get', 'list'] }];
    const refusals: [string, string, object, object?][] = [
      ['POST', 'clusterroles', { metadata: { name: 'a' }, rules: secretsRule }],
      ['POST', 'clusterroles', { metadata: { name: 'a' }, rules: [{ nonResourceURLs: ['/metrics'], verbs: ['get'] }] }],
      ['POST', 'clusterroles', { metadata: { name: 'a' }, aggregationRule: { clusterRoleSelectors: [{ matchLabels: { x: 'y' } }] } }],
      ['PATCH', 'clusterroles/applied?fieldManager=bea', { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', metadata: { name: 'applied' }, rules: secretsRule }, patchTypes.apply],
      ['PATCH', 'clusterroles/view', { rules: secretsRule }, patchTypes.merge],
      ['PATCH', 'clusterroles/clerk', [{ op: 'add', path: '/rules/0/verbs/-', value: 'escalate' }], patchTypes.json],
      ['PUT', 'clusterroles/made', { metadata: { name: 'made' }, rules: secretsRule }],
      ['POST', 'clusterrolebindings', { metadata: { name: 'b' }, roleRef: roleRef('cluster-admin'), subjects: [toUser('bea')] }],
      ['POST', 'namespaces/default/rolebindings', { metadata: { name: 'b' }, roleRef: roleRef('edit'), subjects: [toUser('bea')] }],
      ['POST', 'namespaces/default/roles', { metadata: { name: 'r' }, rules: secretsRule }],
      ['PATCH', 'clusterrolebindings/cluster-admin', { subjects: [toUser('bea')] }, patchTypes.merge],
    ];
    for (const [method, path, body, headers] of refusals) expect((await plane.call(method, `${rbac}/${path}`, body, { ...bea, ...headers })).code, `${method} ${path}`).toBe(403);
    expect((await plane.call('POST', `${rbac}/clusterrolebindings`, { metadata: { name: 'b' }, roleRef: roleRef('none-such'), subjects: [] }, bea)).code).toBe(404);
    const allowed: [string, string, object, object?][] = [
      ['POST', 'clusterroles', { metadata: { name: 'own' }, rules: mine }],
      ['PATCH', 'clusterroles/cluster-admin', { metadata: { labels: { seen: 'by-bea' } } }, patchTypes.merge],
      ['POST', 'clusterrolebindings', { metadata: { name: 'own' }, roleRef: roleRef('view'), subjects: [toUser('zed')] }],
      ['PATCH', 'clusterrolebindings/cluster-admin', { metadata: { labels: { seen: 'by-bea' } } }, patchTypes.merge],
      ['PATCH', 'clusterroles/applied?fieldManager=bea', { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', metadata: { name: 'applied' }, rules: mine }, patchTypes.apply],
    ];
    for (const [method, path, body, headers] of allowed) expect((await plane.call(method, `${rbac}/${path}`, body, { ...bea, ...headers })).code, `${method} ${path}`).toBeLessThan(300);
  });

  it('are reconciled by kubectl', async () => {
    const file = join(plane.directory, 'reconcile.json');
    const object = { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', metadata: { name: 'reconciled' } };
    const reconcile = async (verbs: string[]) => {
      await writeFile(file, JSON.stringify({ ...object, rules: [{ apiGroups: [''], resources: ['pods'], verbs }] }));
      await kubectl('auth', 'reconcile', '-f', file);
      return ((await plane.ok('GET', `${rbac}/clusterroles/reconciled`))['rules'] as { verbs: string[] }[]).map((rule) => rule.verbs);
    };
    expect(await reconcile(['get'])).toEqual([['get']]);
    expect(await reconcile(['get', 'list'])).toEqual([['get'], ['list']]);
    expect((await kubectl('auth', 'can-i', 'get', 'pods', '--as', 'nobody').catch((error: unknown) => error as { stdout: string })).stdout).toBe('no\n');
  });
});

it('lets a node read what its pods name, and get tokens for them only', async () => {
  const namespace = await plane.newNamespace();
  const place = `/api/v1/namespaces/${namespace}`;
  const node = { 'impersonate-user': 'system:node:pi', 'impersonate-group': 'system:nodes' };
  const uids: Record<string, string> = {};
  for (const name of ['mine', 'foreign']) {
    await plane.ok('POST', `${place}/secrets`, { metadata: { name } });
    const spec = { nodeName: name === 'mine' ? 'pi' : 'other', containers: [{ name: 'c', image: 'i', envFrom: [{ secretRef: { name } }] }] };
    uids[name] = (await plane.ok('POST', `${place}/pods`, { metadata: { name }, spec })).metadata.uid;
  }
  const code = async (method: string, path: string, body?: object) => (await plane.call(method, path, body, node)).code;
  const token = (pod: string) => code('POST', `${place}/serviceaccounts/default/token`, { spec: { boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name: pod, uid: uids[pod] } } });
  for (const [pod, secrets, pods, tokens] of [['mine', 200, 200, 201], ['foreign', 403, 403, 403]] as const) {
    expect([await code('GET', `${place}/secrets/${pod}`), await code('GET', `${place}/pods/${pod}`), await token(pod)], pod).toEqual([secrets, pods, tokens]);
  }
  expect(await code('POST', `${place}/serviceaccounts/default/token`, { spec: {} })).toBe(403);
  expect([await code('GET', `${place}/secrets`), await code('GET', `${place}/pods`), await code('GET', '/api/v1/nodes')]).toEqual([403, 403, 403]);
  const listed = await plane.ok('GET', `/api/v1/pods?fieldSelector=${encodeURIComponent('spec.nodeName=pi')}`, undefined, node);
  expect(listed.items.map(({ metadata }) => metadata.name)).toEqual(['mine']);
});

it('shows its issuer to whom it is told to', async () => {
  const anonymous = { 'impersonate-user': 'system:anonymous' };
  const paths = ['/.well-known/openid-configuration', '/openid/v1/jwks'];
  for (const path of paths) expect((await plane.call('GET', path, undefined, anonymous)).code).toBe(403);
  await plane.ok('POST', `${rbac}/clusterrolebindings`, { metadata: { name: 'issuer' }, roleRef: roleRef('system:service-account-issuer-discovery'), subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: 'system:unauthenticated' }] });
  const [configuration, keys] = await Promise.all(paths.map((path) => plane.call('GET', path, undefined, anonymous)));
  expect(configuration?.headers['cache-control']).toBe('public, max-age=3600');
  expect(keys?.headers['content-type']).toBe('application/jwk-set+json');
  expect(configuration?.body).toMatchObject({ jwks_uri: expect.stringMatching(/\/openid\/v1\/jwks$/) as string, id_token_signing_alg_values_supported: ['ES256'] });
});

it('has FlowSchemas that say whether they lead somewhere, and answers that say which matched', async () => {
  const flowControl = '/apis/flowcontrol.apiserver.k8s.io/v1';
  await eventually(async () => (await plane.ok('GET', `${flowControl}/flowschemas`)).items.every((schema) => JSON.stringify(schema['status']).includes('"Dangling","status":"False"')) || undefined);
  const table = (await kubectl('get', 'flowschemas')).stdout;
  expect(table).not.toContain('?');
  const { metadata: schema } = await plane.ok('GET', `${flowControl}/flowschemas/exempt`);
  const { metadata: level } = await plane.ok('GET', `${flowControl}/prioritylevelconfigurations/exempt`);
  const { headers } = await plane.call('GET', '/api/v1/nodes');
  expect([headers['x-kubernetes-pf-flowschema-uid'], headers['x-kubernetes-pf-prioritylevel-uid']]).toEqual([schema.uid, level.uid]);
  expect(headers['audit-id']).toMatch(/^[0-9a-f-]{36}$/);
});
