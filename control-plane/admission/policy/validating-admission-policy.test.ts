import { beforeEach, describe, expect, it } from 'vitest';
import type { ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding } from '../../../api/admissionregistration.ts';
import { configMaps, deployments, validatingAdmissionPolicies, validatingAdmissionPolicyBindings } from '../../../api/resources.ts';
import type { Authorizer } from '../../authorization/authorizer.ts';
import { RbacIndex } from '../../authorization/rbac-index.ts';
import { createMemoryStore } from '../../storage/memory-store.ts';
import { refusal } from '../../registry/testing/refusal.ts';
import { createTestRegistry } from '../../registry/testing/test-registry.ts';
import type { TestRegistry } from '../../registry/testing/test-registry.ts';

type Spec = NonNullable<ValidatingAdmissionPolicy['spec']>;
type BindingSpec = NonNullable<ValidatingAdmissionPolicyBinding['spec']>;

describe('ValidatingAdmissionPolicy', () => {
  let test: TestRegistry;
  beforeEach(async () => {
    test = await createTestRegistry({ webhooks: { client: { post: () => Promise.reject(new Error('no webhook is asked here')) } } });
  });
  const define = async (spec: Partial<Spec>, binding: Partial<BindingSpec> = {}): Promise<void> => {
    await test.registry.of(validatingAdmissionPolicies).create(test.context, undefined, {
      metadata: { name: 'p' },
      spec: { matchConstraints: { resourceRules: [{ operations: ['CREATE', 'UPDATE'], apiGroups: ['', 'apps'], apiVersions: ['v1'], resources: ['configmaps', 'deployments'] }] }, ...spec } as Spec,
    });
    await test.registry.of(validatingAdmissionPolicyBindings).create(test.context, undefined, { metadata: { name: 'b' }, spec: { policyName: 'p', validationActions: ['Deny'], ...binding } });
  };
  const createMap = (data: Record<string, string> = {}, context = test.context, name = 'a') => test.registry.of(configMaps).create(context, 'default', { metadata: { name }, data });

  it('denies with the message of the policy', async () => {
    await define({ validations: [{ expression: "!has(object.data.bad)", message: 'bad is not good', reason: 'Forbidden' }] });
    await createMap({ good: 'yes' });
    const error = await refusal(createMap({ bad: 'yes' }, test.context, 'c'));
    expect([error.code, error.reason, error.message]).toEqual([403, 'Forbidden', 'configmaps "c" is forbidden: ValidatingAdmissionPolicy \'p\' with binding \'b\' denied request: bad is not good']);
  });

  it('compares numbers, uses variables and computes messages', async () => {
    await define({
      variables: [{ name: 'wanted', expression: 'object.spec.replicas' }],
      validations: [{ expression: 'variables.wanted <= 5', messageExpression: "'too many: ' + string(variables.wanted)" }],
      matchConstraints: { resourceRules: [{ operations: ['CREATE'], apiGroups: ['apps'], apiVersions: ['v1'], resources: ['deployments'] } as object] },
    });
    const create = (replicas: number) => test.registry.of(deployments).create(test.context, 'default', {
      metadata: { name: `d${replicas}` }, spec: { replicas, selector: { matchLabels: { a: 'b' } }, template: { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'd' }] } } },
    });
    await create(5);
    const error = await refusal(create(6));
    expect([error.code, error.message]).toEqual([422, 'deployments.apps "d6" is forbidden: ValidatingAdmissionPolicy \'p\' with binding \'b\' denied request: too many: 6']);
  });

  it('warns and audits instead, where the binding says so', async () => {
    await define({ validations: [{ expression: 'false' }], auditAnnotations: [{ key: 'who', valueExpression: 'request.userInfo.username' }] }, { validationActions: ['Warn', 'Audit'] });
    const warnings: string[] = [];
    const auditAnnotations: Record<string, string> = {};
    await createMap({}, { ...test.context, warnings, auditAnnotations });
    expect(warnings).toEqual(["Validation failed for ValidatingAdmissionPolicy 'p' with binding 'b': failed expression: false"]);
    expect(auditAnnotations['p/who']).toBe('tester');
    expect(auditAnnotations['validation.policy.admission.k8s.io/validation_failure']).toContain('"expressionIndex":0');
  });

  it('heeds match conditions and the failure policy', async () => {
    await define({ failurePolicy: 'Ignore', matchConditions: [{ name: 'named', expression: "request.name == 'b'" }], validations: [{ expression: "object.data.missing == 'x'" }, { expression: 'false' }] });
    await createMap();
    expect((await refusal(createMap({}, test.context, 'b'))).message).toContain('failed expression: false');
  });

  it('takes parameters from other objects', async () => {
    await define(
      { paramKind: { apiVersion: 'v1', kind: 'ConfigMap' }, validations: [{ expression: 'object.metadata.name != params.data.forbidden' }], matchConditions: [{ name: 'no-limits', expression: "object.metadata.name != 'limits'" }] },
      { paramRef: { name: 'limits', namespace: 'default', parameterNotFoundAction: 'Deny' } },
    );
    expect((await refusal(createMap())).message).toContain('failed to configure binding: no params found for policy binding with `Deny` parameterNotFoundAction');
    await test.storage.commit([{ key: 'core/configmaps/default/limits', expected: 0, durable: true, object: { metadata: { name: 'limits', namespace: 'default' }, data: { forbidden: 'c' } } as object }]);
    await createMap();
    await refusal(createMap({}, test.context, 'c'));
  });

  it("knows Kubernetes' functions, the namespace and who asks", async () => {
    await define({
      variables: [
        { name: 'limit', expression: "quantity(namespaceObject.metadata.?labels[?'limit'].orValue('1Gi'))" },
        { name: 'until', expression: "timestamp('2030-01-01T00:00:00Z')" },
      ],
      validations: [
        { expression: "quantity(object.data.size).compareTo(variables.limit) <= 0", messageExpression: "'%s is more than %s'.format([object.data.size, string(variables.limit)])" },
        { expression: "!has(object.data.address) || cidr('10.0.0.0/8').containsIP(object.data.address)", message: 'address' },
        { expression: "request.userInfo.groups.exists(group, group == 'system:masters') && request.resource.resource == 'configmaps' && request.operation == 'CREATE'", message: 'request' },
        { expression: "variables.until > timestamp('2020-01-01T00:00:00Z') && 'b,a'.split(',').sort() == ['a', 'b'] && 'v1'.matches('^v[0-9]$')", message: 'libraries' },
      ],
    });
    await createMap({ size: '1Gi', address: '10.1.2.3' });
    expect((await refusal(createMap({ size: '1025Mi' }, test.context, 'c'))).message).toContain('denied request: 1025Mi is more than 1Gi');
    expect((await refusal(createMap({ size: '1', address: '11.1.2.3' }, test.context, 'c'))).message).toContain('denied request: address');
  });

  it('takes every object that a selector finds as a parameter', async () => {
    await define(
      { paramKind: { apiVersion: 'v1', kind: 'ConfigMap' }, validations: [{ expression: '!(params.data.forbidden in object.data)', messageExpression: "params.metadata.name + ' forbids it'" }], matchConditions: [{ name: 'no-limits', expression: "!object.metadata.name.startsWith('limits')" }] },
      { paramRef: { selector: { matchLabels: { limits: 'yes' } }, parameterNotFoundAction: 'Allow' } },
    );
    await createMap({ x: '' });
    for (const key of ['x', 'y']) {
      await test.registry.of(configMaps).create(test.context, 'default', { metadata: { name: `limits-${key}`, labels: { limits: 'yes' } }, data: { forbidden: key } });
    }
    await createMap({ z: '' }, test.context, 'c');
    expect((await refusal(createMap({ y: '' }, test.context, 'd'))).message).toContain('denied request: limits-y forbids it');
  });

  it('refuses what costs too much to find out', async () => {
    await define({ validations: [{ expression: 'object.data.all(a, object.data.all(b, object.data.all(c, a + b + c != "")))' }] });
    const error = await refusal(createMap(Object.fromEntries(Array.from({ length: 200 }, (_, index) => [`key-${index}`, '']))));
    expect(error.message).toMatch(/actual cost limit exceeded|running out of cost budget/);
  });

  it('says what does not compile when it is written', async () => {
    const error = await refusal(define({ validations: [{ expression: 'nothing.here' }, { expression: "'text'" }] }));
    expect([error.code, error.status.details?.causes?.map(({ field }) => field)]).toEqual([422, ['spec.validations[0].expression', 'spec.validations[1].expression']]);
    expect(error.message).toContain("compilation failed: ERROR: <input>:1:1: undeclared reference to 'nothing' (in container '')");
    expect(error.message).toContain('must evaluate to bool');
  });

  it('asks the authorizer what the user, or a service account, may do', async () => {
    const asked: unknown[] = [];
    const authorizer: Authorizer = {
      authorize(attributes) {
        asked.push(attributes.isResource ? [attributes.user.name, attributes.verb, attributes.group, attributes.resource, attributes.subresource, attributes.namespace, attributes.name] : [attributes.user.name, attributes.verb, attributes.path]);
        return { decision: attributes.verb === 'forbidden' ? 'deny' : 'allow', reason: 'because' };
      },
    };
    const storage = createMemoryStore();
    test = await createTestRegistry({ storage, webhooks: { client: { post: () => Promise.reject(new Error('no webhook is asked here')) } }, access: { authorizer, index: new RbacIndex(storage) } });
    await define({
      validations: [
        { expression: "authorizer.group('apps').resource('deployments').subresource('scale').namespace('default').name('web').check('update').allowed()" },
        { expression: "authorizer.path('/healthz').check('get').reason() == 'because'" },
        { expression: "authorizer.serviceAccount('default', 'robot').group('').resource('pods').check('list').allowed() && !authorizer.requestResource.check('any').errored()" },
        { expression: "authorizer.requestResource.check('forbidden').allowed()", message: 'not you' },
      ],
    });
    asked.length = 0;
    expect((await refusal(createMap())).message).toContain('denied request: not you');
    expect(asked).toEqual([
      ['tester', 'update', 'apps', 'deployments', 'scale', 'default', 'web'], ['tester', 'get', '/healthz'],
      ['system:serviceaccount:default:robot', 'list', '', 'pods', '', undefined, undefined],
      ['tester', 'any', '', 'configmaps', '', 'default', 'a'], ['tester', 'forbidden', '', 'configmaps', '', 'default', 'a'],
    ]);
  });
});
