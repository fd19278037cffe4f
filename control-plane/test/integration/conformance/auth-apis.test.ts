/** Certificate requests, service accounts, their tokens, and who may do what: as the API tells and takes it. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serviceAccounts } from '../../../../api/resources.ts';
import { eventually } from '../../../../machinery/testing/eventually.ts';
import { startApiServer, type StartedApiServer } from '../start-api-server.ts';
import { isDiscovered, lives, type ApiLife } from './api-life.ts';
import { patchTypes, RawClient, type AnyObject } from './raw-client.ts';

const run = promisify(execFile);
const signing = '/apis/certificates.k8s.io/v1/certificatesigningrequests';
const accounts = '/api/v1/namespaces/default/serviceaccounts';
let server: StartedApiServer;
let client: RawClient;
let csr: AnyObject;
const others: RawClient[] = [];

beforeAll(async () => {
  server = await startApiServer();
  client = new RawClient(server);
  const file = join(server.directory, 'one.csr');
  await run('openssl', ['req', '-new', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', join(server.directory, 'one.key'), '-out', file, '-subj', '/CN=e2e-test']);
  csr = { spec: { request: (await readFile(file)).toString('base64'), signerName: 'example.com/e2e', expirationSeconds: 3600, usages: ['digital signature', 'key encipherment', 'server auth'] } };
});
afterAll(async () => {
  for (const each of [client, ...others]) each.close();
  await server.stop();
});

const as = (token: string) => {
  const one = new RawClient(server, token);
  others.push(one);
  return one;
};
const tokenOf = async (name: string, spec: object = {}) => {
  const answer = await client.ok('POST', `${accounts}/${name}/token`, { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec });
  return (answer.status as { token: string }).token;
};

describe('CertificateSigningRequest API', () => {
  const life = (): ApiLife => ({ groupVersion: 'certificates.k8s.io/v1', resource: 'certificatesigningrequests', object: csr });

  it('is found by discovery, with approval and status', async () => {
    await isDiscovered(client, { ...life(), status: {} });
    const { resources } = await client.ok('GET', '/apis/certificates.k8s.io/v1') as { resources: { name: string; verbs: string[] }[] };
    expect(resources.find(({ name }) => name === 'certificatesigningrequests/approval')?.verbs).toEqual(['get', 'patch', 'update']);
  });

  it('lives from creation to the end of its collection', () => lives(client, life()));

  it('has approval and status on paths of their own', async () => {
    const created = await client.ok('POST', signing, { ...csr, metadata: { generateName: 'e2e-example-csr-' } });
    const path = `${signing}/${created.metadata?.name ?? ''}`;
    expect(created.spec).toMatchObject({ username: 'kubernetes-admin', groups: ['system:masters', 'system:authenticated'] });
    const approval = { type: 'Approved', status: 'True', reason: 'E2E', message: 'Set from an e2e test' };
    const approved = await client.ok('PATCH', `${path}/approval`, { metadata: { annotations: { patchedapproval: 'true' } }, status: { conditions: [{ ...approval, type: 'ApprovalPatch' }] } }, patchTypes.merge);
    expect(approved.status?.['conditions']).toMatchObject([{ type: 'ApprovalPatch' }]);
    expect(approved.metadata?.annotations).toEqual({ patchedapproval: 'true' });
    const updated = await client.ok('PUT', `${path}/approval`, { ...approved, status: { conditions: [...approved.status?.['conditions'] as object[], { ...approval, type: 'ApprovalUpdate' }] } });
    expect(updated.status?.['conditions']).toHaveLength(2);
    const status = await client.ok('PATCH', `${path}/status`, { metadata: { annotations: { patchedstatus: 'true' } }, status: { conditions: [...updated.status?.['conditions'] as object[], { ...approval, type: 'StatusPatch' }] } }, patchTypes.merge);
    expect((status.status?.['conditions'] as { type: string }[]).map(({ type }) => type)).toContain('StatusPatch');
    const replaced = await client.ok('PUT', `${path}/status`, { ...status, status: { ...status.status, conditions: [...status.status?.['conditions'] as object[], { ...approval, type: 'StatusUpdate' }] } });
    expect(replaced.status?.['conditions']).toHaveLength(4);
    expect((await client.ok('GET', `${path}/approval`)).status).toEqual(replaced.status);
    // What was asked for cannot be changed, and the rest of the status is not for the main path.
    const changed = await client.ok('PATCH', path, { spec: { usages: ['client auth'] }, status: { certificate: null, conditions: null } }, patchTypes.merge).catch((error: unknown) => error as Error);
    expect(changed instanceof Error ? replaced.spec : changed.spec).toEqual(replaced.spec);
    expect((await client.ok('GET', path)).status).toEqual(replaced.status);
  });
});

describe('ServiceAccounts', () => {
  it('are added, patched, listed everywhere and deleted, as a watch sees', async () => {
    const label = `labelSelector=${encodeURIComponent('test-serviceaccount-static=true')}`;
    const events = await client.watch(`/api/v1/serviceaccounts?watch=1&${label}`);
    await client.ok('POST', accounts, { metadata: { name: 'testserviceaccount', labels: { 'test-serviceaccount-static': 'true' } } });
    const patched = await client.ok('PATCH', `${accounts}/testserviceaccount`, { automountServiceAccountToken: false }, patchTypes.strategic);
    expect(patched['automountServiceAccountToken']).toBe(false);
    expect((await client.ok('GET', `/api/v1/serviceaccounts?${label}`)).items).toMatchObject([{ automountServiceAccountToken: false }]);
    await client.ok('DELETE', `${accounts}?${label}`);
    await eventually(() => events.length === 3);
    expect(events.map(({ type }) => type)).toEqual(['ADDED', 'MODIFIED', 'DELETED']);
  });

  it('give tokens that tell who bears them, to their own audience, and none to accounts there are not', async () => {
    await client.ok('POST', accounts, { metadata: { name: 'bearer' } });
    const token = await tokenOf('bearer', { expirationSeconds: 600 });
    const self = await as(token).ok('POST', '/apis/authentication.k8s.io/v1/selfsubjectreviews', { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' });
    expect(self.status).toMatchObject({ userInfo: { username: 'system:serviceaccount:default:bearer', groups: ['system:serviceaccounts', 'system:serviceaccounts:default', 'system:authenticated'] } });
    const review = (spec: object) => client.ok('POST', '/apis/authentication.k8s.io/v1/tokenreviews', { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec });
    expect((await review({ token })).status).toMatchObject({ authenticated: true, user: { username: 'system:serviceaccount:default:bearer' } });
    const vault = await tokenOf('bearer', { audiences: ['vault'] });
    expect((await review({ token: vault })).status).not.toMatchObject({ authenticated: true });
    expect((await review({ token: vault, audiences: ['vault', 'other'] })).status).toMatchObject({ authenticated: true, audiences: ['vault'] });
    expect((await as(vault).call('GET', '/api')).code).toBe(401);
    expect(await client.call('POST', `${accounts}/nobody/token`, { spec: {} })).toMatchObject({ code: 404, body: { message: 'serviceaccounts "nobody" not found' } });
    expect(await client.call('POST', `${accounts}/bearer/token`, { spec: { expirationSeconds: 60 } })).toMatchObject({ code: 422, body: { message: expect.stringContaining('may not specify a duration less than 10 minutes') as string } });
  });

  it('have tokens as long as their bounds say, for this account, after admission', async () => {
    await client.ok('POST', accounts, { metadata: { name: 'bounds' } });
    const path = `${accounts}/bounds/token`;
    const issued = await client.ok('POST', path, { metadata: { name: 'bounds', namespace: 'default' }, spec: { expirationSeconds: 1200, audiences: ['a', 'b'] } });
    expect(issued).toMatchObject({ kind: 'TokenRequest', apiVersion: 'authentication.k8s.io/v1', metadata: { name: 'bounds', namespace: 'default' }, spec: { expirationSeconds: 1200, audiences: ['a', 'b'] } });
    expect(Math.abs(Date.parse(issued.status?.['expirationTimestamp'] as string) - performance.timeOrigin - performance.now() - 1_200_000)).toBeLessThan(60_000);
    expect((await client.ok('POST', path, {})).spec).toMatchObject({ expirationSeconds: 3600, audiences: ['https://kubernetes.default.svc.cluster.local'] });
    const refusal = async (body: object) => {
      const { code, body: status } = await client.call('POST', path, body);
      return `${code} ${status['message'] as string}`;
    };
    expect(await refusal({ spec: { expirationSeconds: 2 ** 32 + 1 } })).toBe('422 TokenRequest.authentication.k8s.io "" is invalid: spec.expirationSeconds: Invalid value: 4294967297: may not specify a duration larger than 2^32 seconds');
    expect(await refusal({ metadata: { name: 'other' }, spec: {} })).toBe('422 TokenRequest.authentication.k8s.io "bounds" is invalid: metadata.name: Invalid value: "other": must match the service account name if specified');
    expect(await refusal({ metadata: { uid: 'other' }, spec: {} })).toMatch(/^409 .*the UID in the token request \(other\) does not match the UID of the service account/);
    // Nodes get tokens only for pods of theirs.
    const asNode = { user: { name: 'system:node:pi', groups: ['system:nodes', 'system:authenticated'] }, fieldManager: 'test', dryRun: false };
    await expect(server.registry.reviewConnect(asNode, { resource: serviceAccounts, subresource: 'token', namespace: 'default', name: 'bounds', options: { kind: 'TokenRequest', spec: {} } as never, operation: 'CREATE' })).rejects.toThrow('node requested token not bound to a pod');
  });

  it('publish their issuer and its keys to their own', async () => {
    const bearer = as(await tokenOf('default'));
    const issuer = await bearer.ok('GET', '/.well-known/openid-configuration');
    expect(issuer).toMatchObject({ issuer: 'https://kubernetes.default.svc.cluster.local', response_types_supported: ['id_token'], subject_types_supported: ['public'] });
    const { keys } = await bearer.ok('GET', '/openid/v1/jwks') as { keys: object[] };
    expect(keys).toEqual([expect.objectContaining({ use: 'sig', kid: expect.any(String) as string })]);
    expect(Object.keys(keys[0] ?? {})).not.toContain('d');
    expect((await as('').call('GET', '/openid/v1/jwks')).code).toBe(403);
  });
});

describe('tokens in pods', () => {
  // Of the account and of the pod; the pod decides when it says something.
  it.each([
    [undefined, undefined, true], [true, undefined, true], [false, undefined, false],
    [undefined, true, true], [true, true, true], [false, true, true],
    [undefined, false, false], [true, false, false], [false, false, false],
  ])('of an account with automount %s and a pod with %s: %s', async (account, pod, mounted) => {
    const name = `mount-${String(account ?? 'default')}-${String(pod ?? 'default')}`;
    await client.ok('POST', accounts, { metadata: { name }, ...(account === undefined ? {} : { automountServiceAccountToken: account }) });
    const created = await client.ok('POST', '/api/v1/namespaces/default/pods', {
      metadata: { name }, spec: { serviceAccountName: name, containers: [{ name: 'c', image: 'i' }], initContainers: [{ name: 'first', image: 'i' }], ...(pod === undefined ? {} : { automountServiceAccountToken: pod }) },
    });
    const spec = created.spec as { containers: { volumeMounts?: object[] }[]; initContainers: { volumeMounts?: object[] }[]; volumes?: { name: string; projected: { sources: object[] } }[] };
    for (const container of [...spec.containers, ...spec.initContainers]) {
      if (mounted) expect(container.volumeMounts).toEqual([{ name: spec.volumes?.[0]?.name, readOnly: true, mountPath: '/var/run/secrets/kubernetes.io/serviceaccount' }]);
      else expect(container.volumeMounts).toBeUndefined();
    }
    expect(spec.volumes?.length ?? 0).toBe(mounted ? 1 : 0);
    if (mounted) expect(spec.volumes?.[0]?.projected.sources).toMatchObject([{ serviceAccountToken: { path: 'token', expirationSeconds: 3607 } }, { configMap: { name: 'kube-root-ca.crt' } }, { downwardAPI: {} }]);
  });

  it('are not given in the name of an account there is not', async () => {
    expect(await client.call('POST', '/api/v1/namespaces/default/pods', { metadata: { name: 'stranger' }, spec: { serviceAccountName: 'stranger', containers: [{ name: 'c', image: 'i' }] } })).toMatchObject({
      code: 403, body: { message: 'pods "stranger" is forbidden: error looking up service account default/stranger: serviceaccount "stranger" not found' },
    });
  });
});

describe('SubjectReview', () => {
  it('tells what a service account may: about itself, about others, in one namespace', async () => {
    await client.ok('POST', accounts, { metadata: { name: 'subject' } });
    const user = 'system:serviceaccount:default:subject';
    const resourceAttributes = { namespace: 'default', verb: 'list', resource: 'configmaps', version: 'v1' };
    const review = (kind: string, who: RawClient, spec: object, metadata = {}) => who.ok('POST', kind === 'LocalSubjectAccessReview' ? '/apis/authorization.k8s.io/v1/namespaces/default/localsubjectaccessreviews' : `/apis/authorization.k8s.io/v1/${kind.toLowerCase()}s`, { apiVersion: 'authorization.k8s.io/v1', kind, metadata, spec });
    const subject = as(await tokenOf('subject'));
    const everyAnswer = async () => [
      await review('SubjectAccessReview', client, { user, resourceAttributes }),
      await review('LocalSubjectAccessReview', client, { user, resourceAttributes }, { namespace: 'default' }),
      await review('SelfSubjectAccessReview', subject, { resourceAttributes }),
    ].map(({ status }) => status?.['allowed']);
    expect(await everyAnswer()).toEqual([false, false, false]);
    await client.ok('POST', '/apis/rbac.authorization.k8s.io/v1/namespaces/default/roles', { metadata: { name: 'reader' }, rules: [{ apiGroups: [''], resources: ['configmaps'], verbs: ['list'] }] });
    await client.ok('POST', '/apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings', { metadata: { name: 'reader' }, roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'reader' }, subjects: [{ kind: 'ServiceAccount', name: 'subject', namespace: 'default' }] });
    expect(await everyAnswer()).toEqual([true, true, true]);
    expect((await review('SubjectAccessReview', client, { user, resourceAttributes: { ...resourceAttributes, verb: 'delete' } })).status).toMatchObject({ allowed: false });
    const rules = await subject.ok('POST', '/apis/authorization.k8s.io/v1/selfsubjectrulesreviews', { spec: { namespace: 'default' } });
    expect(rules.status?.['resourceRules']).toContainEqual({ verbs: ['list'], apiGroups: [''], resources: ['configmaps'] });
    expect(await subject.call('POST', '/apis/authorization.k8s.io/v1/subjectaccessreviews', { spec: { user, resourceAttributes } })).toMatchObject({ code: 403 });
  });

  it('looks at the selectors of what is asked, and says what is wrong with them', async () => {
    const ask = (fieldSelector: object) => client.call('POST', '/apis/authorization.k8s.io/v1/subjectaccessreviews', {
      spec: { user: 'system:node:pi', groups: ['system:nodes'], resourceAttributes: { verb: 'list', resource: 'pods', version: 'v1', fieldSelector } },
    });
    const requirement = { key: 'spec.nodeName', operator: 'In', values: ['pi'] };
    expect((await ask({ requirements: [requirement] })).body.status).toMatchObject({ allowed: true });
    expect((await ask({ rawSelector: 'spec.nodeName=pi' })).body.status).toMatchObject({ allowed: true });
    expect((await ask({ requirements: [{ ...requirement, values: ['other'] }] })).body.status).toEqual({ allowed: false, reason: 'can only list/watch pods with spec.nodeName field selector' });
    const field = 'spec.resourceAttributes.fieldSelector';
    const causes = async (selector: object) => ((await ask(selector)).body['details'] as { causes: { field: string; message: string }[] }).causes.map((cause) => `${cause.field}: ${cause.message}`);
    expect(await causes({})).toEqual([`${field}.requirements: Required value: when ${field} is specified, requirements or rawSelector is required`]);
    expect(await causes({ rawSelector: 'a=b', requirements: [{ operator: 'In' }] })).toEqual([
      `${field}.rawSelector: Invalid value: "a=b": may not specified at the same time as requirements`,
      `${field}.requirements[0].values: Required value: must be specified when \`operator\` is 'In' or 'NotIn'`, `${field}.requirements[0].key: Required value: must be specified`,
    ]);
  });
});
