import { beforeEach, describe, expect, it } from 'vitest';
import type { MutatingAdmissionPolicySpec, Mutation } from '../../../api/admissionregistration.ts';
import type { Pod } from '../../../api/core.ts';
import { configMaps, deployments, horizontalPodAutoscalersV1, mutatingAdmissionPolicies, mutatingAdmissionPolicyBindings, pods } from '../../../api/resources.ts';
import { refusal } from '../../registry/testing/refusal.ts';
import { createTestRegistry, type TestRegistry } from '../../registry/testing/test-registry.ts';

let test: TestRegistry;
beforeEach(async () => {
  test = await createTestRegistry({ webhooks: { client: { post: () => Promise.reject(new Error('no webhook is asked here')) } } });
});

const apply = (expression: string): Mutation => ({ patchType: 'ApplyConfiguration', applyConfiguration: { expression } });
const patch = (expression: string): Mutation => ({ patchType: 'JSONPatch', jsonPatch: { expression } });
const allKinds = { operations: ['CREATE', 'UPDATE'], apiGroups: ['', 'apps'], apiVersions: ['v1'], resources: ['configmaps', 'deployments', 'pods'] };

async function define(mutations: Mutation[], spec: Partial<MutatingAdmissionPolicySpec> = {}, binding: object = {}, name = 'p'): Promise<void> {
  await test.registry.of(mutatingAdmissionPolicies).create(test.context, undefined, {
    metadata: { name }, spec: { matchConstraints: { resourceRules: [allKinds] }, reinvocationPolicy: 'Never', mutations, ...spec },
  });
  await test.registry.of(mutatingAdmissionPolicyBindings).create(test.context, undefined, { metadata: { name: `${name}-binding` }, spec: { policyName: name, ...binding } });
}
const createMap = (data: Record<string, string> = {}, name = 'a', labels = {}) => test.registry.of(configMaps).create(test.context, 'default', { metadata: { name, labels }, data });
const createPod = (spec: Partial<Pod['spec']> = {}) => test.registry.of(pods).create(test.context, 'default', { metadata: { name: 'web' }, spec: { containers: [{ name: 'main', image: 'web:1' }], ...spec } });

describe('ApplyConfiguration', () => {
  it('merges as server-side apply does, with the defaults of the kind', async () => {
    await define([apply(`Object{
      metadata: Object.metadata{labels: {"team": "blue"}},
      spec: Object.spec{initContainers: [Object.spec.initContainers{name: "mesh", image: "mesh:1", restartPolicy: "Always"}], containers: [Object.spec.containers{name: "main", env: [Object.spec.containers.env{name: "A", value: object.metadata.name}]}]}
    }`)], { matchConditions: [{ name: 'no-mesh', expression: '!has(object.spec.initContainers)' }] });
    const { metadata, spec } = await createPod();
    expect(metadata?.labels).toEqual({ team: 'blue' });
    expect(spec?.containers).toMatchObject([{ name: 'main', image: 'web:1', env: [{ name: 'A', value: 'web' }] }]);
    expect(spec?.initContainers).toMatchObject([{ name: 'mesh', restartPolicy: 'Always', imagePullPolicy: 'IfNotPresent', terminationMessagePath: '/dev/termination-log' }]);
  });

  it('refuses what would replace a list or a struct as a whole, and fields that are none', async () => {
    await define([apply('Object{spec: Object.spec{selector: Object.spec.selector{matchLabels: {"a": "b"}}}}')]);
    const deployment = { metadata: { name: 'd' }, spec: { selector: { matchLabels: { app: 'a' } }, template: { metadata: { labels: { app: 'a' } }, spec: { containers: [{ name: 'c', image: 'i' }] } } } };
    const error = await refusal(test.registry.of(deployments).create(test.context, 'default', deployment));
    expect([error.code, error.reason]).toEqual([403, 'Invalid']);
    expect(error.message).toBe("policy 'p' with binding 'p-binding' denied request: error applying patch: invalid ApplyConfiguration: may not mutate atomic arrays, maps or structs: .spec.selector");
    await test.registry.of(mutatingAdmissionPolicies).delete(test.context, 'p', undefined, {});
    await define([apply('Object{spec: Object.spec{nothing: 1}}')], {}, {}, 'q');
    expect((await refusal(test.registry.of(deployments).create(test.context, 'default', deployment))).message).toContain('failed to convert patch object to typed object: .spec.nothing: field not declared in schema');
  });
});

describe('JSONPatch', () => {
  it('is made from an expression, and left out where a test fails', async () => {
    await define([
      patch('[JSONPatch{op: "add", path: "/metadata/labels", value: {}}, JSONPatch{op: "add", path: "/metadata/labels/" + jsonpatch.escapeKey("example.com/x"), value: string(object.data.size())}]'),
      patch('[JSONPatch{op: "test", path: "/data/a", value: "other"}, JSONPatch{op: "remove", path: "/data/a"}]'),
    ]);
    const { metadata, data } = await createMap({ a: 'b' });
    expect([metadata?.labels, data]).toEqual([{ 'example.com/x': '1' }, { a: 'b' }]);
  });

  it('sees what the mutations before it did', async () => {
    await define([patch('[JSONPatch{op: "add", path: "/data/one", value: "1"}]'), patch('[JSONPatch{op: "add", path: "/data/two", value: variables.one + "2"}]')], { variables: [{ name: 'one', expression: 'object.data.one' }] });
    expect((await createMap({ a: 'b' })).data).toEqual({ a: 'b', one: '1', two: '12' });
  });

  it('that does not fit fails the request, or not', async () => {
    await define([patch('[JSONPatch{op: "remove", path: "/data/missing"}]')]);
    expect((await refusal(createMap())).message).toMatch(/^policy 'p' with binding 'p-binding' denied request: JSON Patch: path \/data\/missing does not exist$/);
    await test.registry.of(mutatingAdmissionPolicies).update(test.context, { name: 'p', change: (copy) => ({ ...copy, spec: { ...copy.spec, failurePolicy: 'Ignore' } }) });
    await expect(createMap({ a: 'b' })).resolves.toMatchObject({ data: { a: 'b' } });
  });
});

describe('policies', () => {
  it('have a parameter each', async () => {
    await createMap({ value: 'one' }, 'first', { params: 'yes' });
    await createMap({ value: 'two' }, 'second', { params: 'yes' });
    await define([patch('[JSONPatch{op: "add", path: "/data/" + params.metadata.name, value: params.data.value}]')],
      { paramKind: { apiVersion: 'v1', kind: 'ConfigMap' } }, { paramRef: { selector: { matchLabels: { params: 'yes' } }, parameterNotFoundAction: 'Deny' } });
    expect((await createMap({ a: 'b' }, 'given')).data).toEqual({ a: 'b', first: 'one', second: 'two' });
    for (const name of ['first', 'second']) await test.registry.of(configMaps).delete(test.context, name, 'default', {});
    expect((await refusal(createMap({ a: 'b' }, 'late'))).message).toBe("policy 'p' with binding 'p-binding' denied request: failed to configure binding: no params found for policy binding with `Deny` parameterNotFoundAction");
  });

  it('are asked again where a later one changed the object, if they want to', async () => {
    const count = (key: string) => [patch(`[JSONPatch{op: "add", path: "/data/${key}", value: string(object.data.size())}]`)];
    await define(count('again'), { reinvocationPolicy: 'IfNeeded' }, {}, 'a');
    await define(count('once'), { reinvocationPolicy: 'Never' }, {}, 'b');
    // First there was one entry, then its own and the other's too.
    expect((await createMap({ x: 'y' })).data).toEqual({ x: 'y', again: '3', once: '2' });
  });

  it('see another version of a kind, and change the stored one', async () => {
    await define([apply('Object{spec: Object.spec{maxReplicas: object.spec.maxReplicas + 1}}')], { matchConstraints: { resourceRules: [{ operations: ['CREATE'], apiGroups: ['autoscaling'], apiVersions: ['v2'], resources: ['horizontalpodautoscalers'] }] } });
    const created = await test.registry.of(horizontalPodAutoscalersV1).create(test.context, 'default', { metadata: { name: 'h' }, spec: { maxReplicas: 3, scaleTargetRef: { kind: 'Deployment', name: 'd', apiVersion: 'apps/v1' } } });
    expect(created.spec?.maxReplicas).toBe(4);
  });

  it('leave alone what their binding or their conditions are not about, and deletions', async () => {
    await define([patch('[JSONPatch{op: "add", path: "/data/seen", value: "yes"}]')], { matchConditions: [{ name: 'named', expression: "object.metadata.name != 'free'" }] }, { matchResources: { objectSelector: { matchLabels: { app: 'x' } } } });
    expect((await createMap({ a: 'b' }, 'other')).data).toEqual({ a: 'b' });
    expect((await createMap({ a: 'b' }, 'free', { app: 'x' })).data).toEqual({ a: 'b' });
    expect((await createMap({ a: 'b' }, 'bound', { app: 'x' })).data).toEqual({ a: 'b', seen: 'yes' });
    await test.registry.of(configMaps).delete(test.context, 'bound', 'default', {});
  });

  it.each<[Mutation, string]>([
    [apply('Object.spec{}'), 'spec.mutations[0].applyConfiguration.expression: Invalid value: "Object.spec{}": must evaluate to Object but got Object.spec'],
    [apply('Object{a: b}'), "undeclared reference to 'b'"],
    [patch('JSONPatch{}'), 'spec.mutations[0].jsonPatch.expression: Invalid value: "JSONPatch{}": must evaluate to list(JSONPatch)'],
  ])('whose expressions do not compile are refused', async (mutation, message) => {
    expect((await refusal(define([mutation]))).message).toContain(message);
  });
});
