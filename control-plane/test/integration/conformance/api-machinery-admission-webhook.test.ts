import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { eventually } from '../../../../machinery/testing/eventually.ts';
import { makeDefinition } from '../../../custom-resources/testing/definitions.ts';
import { startWebhookServer, type WebhookAnswer, type WebhookServer } from '../admission/webhook-server.ts';
import { patchTypes, podOf, startControlPlane, type ControlPlane } from './start-control-plane.ts';

const validating = '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations';
const mutating = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations';
const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';

let plane: ControlPlane;
let server: WebhookServer;
let namespace: string;
let answer: (request: { object: unknown }) => WebhookAnswer;

beforeAll(async () => {
  plane = await startControlPlane();
  server = await startWebhookServer((request) => answer(request));
});
afterAll(async () => {
  await server.stop();
  await plane.stop();
});
beforeEach(async () => {
  answer = () => ({ allowed: false, status: { message: 'the webhook said no' } });
  for (const path of [validating, mutating]) await plane.ok('DELETE', path);
  namespace = await plane.newNamespace();
});

const rule = (resources: string[], operations = ['CREATE', 'UPDATE'], apiGroups = ['*']) => ({ operations, apiGroups, apiVersions: ['*'], resources });
const configure = (path: string, rules: object[], more: object = {}, labels: object = {}) => plane.call('POST', path, {
  metadata: { generateName: 'hook-', labels }, webhooks: [{
    name: 'hook.example.com', clientConfig: server.clientConfig(), rules, sideEffects: 'None', admissionReviewVersions: ['v1'],
    namespaceSelector: { matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator: 'NotIn', values: ['kube-system'] }] }, ...more,
  }],
});
const createMap = (name: string) => plane.call('POST', `/api/v1/namespaces/${namespace}/configmaps`, { metadata: { name } });

describe('AdmissionWebhook', () => {
  it('denies custom resource definitions', async () => {
    await configure(validating, [rule(['customresourcedefinitions'], ['CREATE'])]);
    const { code, body } = await plane.call('POST', definitions, makeDefinition());
    expect([code, body['message']]).toEqual([400, 'admission webhook "hook.example.com" denied the request: the webhook said no']);
  });

  it('takes configurations away by label', async () => {
    for (let index = 0; index < 10; index++) await configure(validating, [rule(['configmaps'])], {}, { test: 'list' });
    expect((await plane.ok('GET', `${validating}?labelSelector=test=list`)).items).toHaveLength(10);
    expect((await createMap('a')).code).toBe(400);
    await plane.ok('DELETE', `${validating}?labelSelector=test=list`);
    expect((await createMap('a')).code).toBe(201);
  });

  it('changes rules from the next request on', async () => {
    const { body } = await configure(validating, [rule(['configmaps'])]);
    const path = `${validating}/${body.metadata.name}`;
    await plane.ok('PATCH', path, [{ op: 'replace', path: '/webhooks/0/rules/0/operations', value: ['UPDATE'] }], patchTypes.json);
    expect((await createMap('a')).code).toBe(201);
    await plane.ok('PATCH', path, [{ op: 'replace', path: '/webhooks/0/rules/0/operations', value: ['CREATE'] }], patchTypes.json);
    expect((await createMap('b')).code).toBe(400);
  });

  it.each([validating, mutating])('refuses match conditions that do not compile, and heeds the others (%#)', async (path) => {
    const broken = await configure(path, [rule(['configmaps'])], { matchConditions: [{ name: 'bad', expression: '... [] bad expression' }] });
    expect(broken.code).toBe(422);
    expect(broken.body['message']).toContain('compilation failed');
    const { code } = await configure(path, [rule(['configmaps'])], { matchConditions: [{ name: 'skip-me', expression: "object.metadata.name != 'skip-me'" }, { name: 'may', expression: "authorizer.group('').resource('pods').check('get').allowed()" }] });
    expect(code).toBe(201);
    expect((await createMap('skip-me')).code).toBe(201);
    expect((await createMap('other')).code).toBe(400);
  });

  it('says which requests are dry runs', async () => {
    await configure(validating, [rule(['configmaps'])], { sideEffects: 'NoneOnDryRun' });
    answer = () => ({});
    const before = server.requests.length;
    expect((await plane.call('POST', `/api/v1/namespaces/${namespace}/configmaps?dryRun=All`, { metadata: { name: 'a' } })).code).toBe(201);
    expect(server.requests.slice(before).map(({ request }) => request.dryRun)).toEqual([true]);
  });

  it('prunes what a webhook adds to a custom resource', async () => {
    answer = () => ({ patch: [{ op: 'add', path: '/data', value: { kept: 'yes', unheard: 'no' } }] });
    await plane.ok('POST', definitions, {
      metadata: { name: 'gadgets.hooks.example.com' },
      spec: {
        group: 'hooks.example.com', scope: 'Namespaced', names: { plural: 'gadgets', singular: 'gadget', kind: 'Gadget', listKind: 'GadgetList' },
        versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object', properties: { data: { type: 'object', properties: { kept: { type: 'string' } } } } } } }],
      },
    });
    await configure(mutating, [rule(['gadgets'], ['CREATE'], ['hooks.example.com'])]);
    const created = await plane.ok('POST', `/apis/hooks.example.com/v1/namespaces/${namespace}/gadgets`, { apiVersion: 'hooks.example.com/v1', kind: 'Gadget', metadata: { name: 'a' } });
    expect(created.data).toEqual({ kept: 'yes' });
  });

  it('is asked about evictions and tokens', async () => {
    await plane.ok('POST', `/api/v1/namespaces/${namespace}/pods`, podOf('web'));
    await configure(validating, [rule(['pods/eviction', 'serviceaccounts/token'], ['CREATE'])]);
    const eviction = await plane.call('POST', `/api/v1/namespaces/${namespace}/pods/web/eviction`, { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: 'web' } });
    expect([eviction.code, eviction.body['message']]).toEqual([400, 'admission webhook "hook.example.com" denied the request: the webhook said no']);
    expect(server.requests.at(-1)?.request).toMatchObject({ subResource: 'eviction', kind: { group: 'policy', version: 'v1', kind: 'Eviction' }, object: { kind: 'Eviction', metadata: { name: 'web' } } });
    expect((await plane.call('POST', `/api/v1/namespaces/${namespace}/serviceaccounts/default/token`, { spec: {} })).code).toBe(400);
    expect((await plane.call('GET', `/api/v1/namespaces/${namespace}/pods/web`)).code).toBe(200);
  });

  it('is not asked about the deletion that an eviction brings', async () => {
    await plane.ok('POST', `/api/v1/namespaces/${namespace}/pods`, podOf('web'));
    await plane.ok('PATCH', `/api/v1/namespaces/${namespace}/pods/web/status`, { status: { phase: 'Running' } }, patchTypes.merge);
    await configure(validating, [rule(['pods', 'pods/status'], ['DELETE', 'UPDATE'])]);
    expect((await plane.call('DELETE', `/api/v1/namespaces/${namespace}/pods/web`)).code).toBe(400);
    const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: 'web' }, deleteOptions: { gracePeriodSeconds: 0 } };
    expect((await plane.call('POST', `/api/v1/namespaces/${namespace}/pods/web/eviction`, eviction)).code).toBe(201);
    expect((await plane.call('GET', `/api/v1/namespaces/${namespace}/pods/web`)).code).toBe(404);
  });

  it.each([
    ['authorization.k8s.io/v1', 'selfsubjectaccessreviews', { resourceAttributes: { verb: 'get', resource: 'pods' } }],
    ['authorization.k8s.io/v1', 'subjectaccessreviews', { user: 'a', resourceAttributes: { verb: 'get', resource: 'pods' } }],
    ['authorization.k8s.io/v1', 'selfsubjectrulesreviews', { namespace: 'default' }],
    ['authentication.k8s.io/v1', 'tokenreviews', { token: 'x' }],
    ['authentication.k8s.io/v1', 'selfsubjectreviews', undefined],
  ])('is asked about reviews (%s %s)', async (groupVersion, plural, spec) => {
    await configure(validating, [rule([plural], ['CREATE'])]);
    const { code, body } = await plane.call('POST', `/apis/${groupVersion}/${plural}`, { ...(spec ? { spec } : {}) });
    expect([code, body['message']]).toEqual([400, 'admission webhook "hook.example.com" denied the request: the webhook said no']);
    expect(server.requests.at(-1)?.request).toMatchObject({ operation: 'CREATE', resource: { resource: plural } });
  });

  it('may change what a review asks', async () => {
    await configure(mutating, [rule(['localsubjectaccessreviews'], ['CREATE'])]);
    answer = () => ({ patch: [{ op: 'replace', path: '/spec/groups', value: ['system:masters'] }] });
    const path = (name: string) => `/apis/authorization.k8s.io/v1/namespaces/${name}/localsubjectaccessreviews`;
    const review = (name: string) => ({ spec: { user: 'a', groups: ['nobody'], resourceAttributes: { namespace: name, verb: 'get', resource: 'pods' } } });
    expect((await plane.ok('POST', path(namespace), review(namespace)))['status']).toMatchObject({ allowed: true });
    // Nobody learns from an answer whether a namespace is there.
    await plane.ok('DELETE', mutating);
    expect((await plane.ok('POST', path('missing'), review('missing')))['status']).toMatchObject({ allowed: false });
  });

  it('shows an autoscaler in the version that the rules name, unless they insist on it', async () => {
    const path = `/apis/autoscaling/v1/namespaces/${namespace}/horizontalpodautoscalers`;
    const autoscaler = (name: string) => ({ metadata: { name }, spec: { scaleTargetRef: { kind: 'Deployment', name: 'x', apiVersion: 'apps/v1' }, maxReplicas: 3, targetCPUUtilizationPercentage: 50 } });
    const rules = [{ operations: ['CREATE'], apiGroups: ['autoscaling'], apiVersions: ['v2'], resources: ['horizontalpodautoscalers'] }];
    await configure(validating, rules, { matchPolicy: 'Exact' });
    expect((await plane.call('POST', path, autoscaler('a'))).code).toBe(201);
    await configure(validating, rules);
    expect((await plane.call('POST', path, autoscaler('b'))).code).toBe(400);
    expect(server.requests.at(-1)?.request).toMatchObject({
      kind: { version: 'v2' }, requestKind: { version: 'v1' }, object: { apiVersion: 'autoscaling/v2', spec: { metrics: [{ resource: { target: { averageUtilization: 50 } } }] } },
    });
  });

  it('changes an object between two rounds of a policy that wants to know', async () => {
    const policies = '/apis/admissionregistration.k8s.io/v1/mutatingadmissionpolicies';
    const bindings = '/apis/admissionregistration.k8s.io/v1/mutatingadmissionpolicybindings';
    await plane.ok('POST', policies, {
      metadata: { name: 'counts' }, spec: {
        reinvocationPolicy: 'IfNeeded', matchConstraints: { resourceRules: [rule(['configmaps'], ['CREATE'])] },
        mutations: [{ patchType: 'ApplyConfiguration', applyConfiguration: { expression: 'Object{metadata: Object.metadata{annotations: {"count": string(object.data.size())}}}' } }],
      },
    });
    await plane.ok('POST', bindings, { metadata: { name: 'counts' }, spec: { policyName: 'counts', matchResources: { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } } } } });
    await configure(mutating, [rule(['configmaps'])]);
    answer = (request) => ({ patch: [{ op: 'add', path: '/data/seen', value: JSON.stringify((request.object as { metadata: { annotations: object } }).metadata.annotations) }] });
    const created = await plane.ok('POST', `/api/v1/namespaces/${namespace}/configmaps`, { metadata: { name: 'a' }, data: { a: 'b' } });
    expect([created.data, created.metadata.annotations]).toEqual([{ a: 'b', seen: '{"count":"1"}' }, { count: '2' }]);
    for (const path of [policies, bindings]) await plane.ok('DELETE', path);
    const { data } = await plane.ok('POST', `/api/v1/namespaces/${namespace}/configmaps`, { metadata: { name: 'b', annotations: { own: 'x' } }, data: { a: 'b' } });
    expect(data).toEqual({ a: 'b', seen: '{"own":"x"}' });
  });

  it('cannot hold back the objects of a definition that is deleted', async () => {
    const group = 'cleanup.example.com';
    await plane.ok('POST', definitions, {
      metadata: { name: `gizmos.${group}` },
      spec: { group, scope: 'Namespaced', names: { plural: 'gizmos', singular: 'gizmo', kind: 'Gizmo', listKind: 'GizmoList' }, versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }] },
    });
    const objects = `/apis/${group}/v1/namespaces/${namespace}/gizmos`;
    await eventually(async () => (await plane.call('POST', objects, { apiVersion: `${group}/v1`, kind: 'Gizmo', metadata: { name: 'a' } })).code === 201);
    await configure(validating, [rule(['gizmos'], ['DELETE'], [group])]);
    expect((await plane.call('DELETE', `${objects}/a`)).code).toBe(400);
    await plane.ok('DELETE', `${definitions}/gizmos.${group}`);
    await eventually(async () => (await plane.call('GET', `${definitions}/gizmos.${group}`)).code === 404);
  });

  it('speaks v1beta1 with webhooks that know nothing else', async () => {
    await configure(mutating, [rule(['configmaps'])], { admissionReviewVersions: ['v2', 'v1beta1', 'v1'] });
    const patch = Buffer.from(JSON.stringify([{ op: 'add', path: '/data', value: { a: 'b' } }])).toString('base64');
    answer = () => ({ raw: { code: 200, body: JSON.stringify({ apiVersion: 'admission.k8s.io/v1beta1', kind: 'AdmissionReview', response: { allowed: true, patch } }) } });
    const { code, body } = await createMap('a');
    expect([code, body.data]).toEqual([201, { a: 'b' }]);
  });

  it('shows an Event in the version that the rules name', async () => {
    await configure(validating, [{ operations: ['CREATE'], apiGroups: ['events.k8s.io'], apiVersions: ['v1'], resources: ['events'] }]);
    const event = { metadata: { name: 'e' }, involvedObject: { namespace, name: 'x' }, reason: 'R', message: 'm', type: 'Normal' };
    expect((await plane.call('POST', `/api/v1/namespaces/${namespace}/events`, event)).code).toBe(400);
    expect(server.requests.at(-1)?.request).toMatchObject({ resource: { group: 'events.k8s.io' }, requestResource: { group: '' }, object: { apiVersion: 'events.k8s.io/v1', regarding: { name: 'x' }, note: 'm' } });
  });
});
