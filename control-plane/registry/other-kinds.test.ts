/** Defaults, validation and fixed fields of the kinds beside workloads: what clients see, through the registry. */
import { describe, expect, it } from 'vitest';
import type { KubernetesObject } from '../../api/meta.ts';
import * as table from '../../api/resources.ts';
import type { Resource } from '../../api/resources.ts';
import { validObject } from '../testing/valid-objects.ts';
import { refusal } from './testing/refusal.ts';
import { createTestRegistry } from './testing/test-registry.ts';

type Json = Record<string, unknown>;
const { resources } = table;

/** The valid object with changed fields, by path: `{ 'spec.rules.0.host': 'x' }`; undefined takes a field away. */
function changed(resource: Resource, changes: Json): KubernetesObject {
  const object = validObject(resource) as Json;
  for (const [path, value] of Object.entries(changes)) {
    const steps = path.split('.');
    const last = steps.pop()!;
    const parent = steps.reduce((place, step) => place[step] as Json, object);
    if (value === undefined) Reflect.deleteProperty(parent, last);
    else parent[last] = value;
  }
  return object;
}

async function create(resource: Resource, object: KubernetesObject): Promise<KubernetesObject> {
  const { registry, context } = await createTestRegistry();
  return registry.of(resource).create(context, resource.namespaced ? 'default' : undefined, object);
}

async function messages(resource: Resource, changes: Json): Promise<string[]> {
  const error = await refusal(create(resource, changed(resource, changes)));
  expect(error.code).toBe(422);
  return (error.status.details?.causes ?? []).map(({ field, message }) => `${field}: ${message}`);
}

it.each(resources.filter((resource) => resource !== table.events))('a valid $kind is stored', async (resource) => {
  await expect(create(resource, validObject(resource))).resolves.toMatchObject({ kind: resource.kind, metadata: { uid: expect.any(String) as string } });
});

describe('defaults', () => {
  it.each<[Resource, Json, Json]>([
    [table.ingressClasses, { 'spec.parameters': { kind: 'Config', name: 'a' } }, { spec: { parameters: { scope: 'Cluster' } }, metadata: { generation: 1 } }],
    [table.networkPolicies, { 'spec.egress': [{}] }, { spec: { policyTypes: ['Ingress', 'Egress'], ingress: [{ ports: [{ port: 80, protocol: 'TCP' }] }] } }],
    [table.priorityClasses, {}, { value: 5, preemptionPolicy: 'PreemptLowerPriority' }],
    [table.storageClasses, {}, { reclaimPolicy: 'Delete', volumeBindingMode: 'Immediate' }],
    [table.csiDrivers, {}, { spec: { attachRequired: true, podInfoOnMount: false, fsGroupPolicy: 'ReadWriteOnceWithFSType', volumeLifecycleModes: ['Persistent'], seLinuxMount: false } }],
    [table.volumeAttachments, { status: { attached: true } }, { status: { attached: false } }],
    [table.roleBindings, { 'roleRef.apiGroup': undefined, subjects: [{ kind: 'User', name: 'eva' }] }, { roleRef: { apiGroup: 'rbac.authorization.k8s.io' }, subjects: [{ apiGroup: 'rbac.authorization.k8s.io' }] }],
    [table.mutatingWebhookConfigurations, {}, { webhooks: [{ failurePolicy: 'Fail', matchPolicy: 'Equivalent', timeoutSeconds: 10, reinvocationPolicy: 'Never', namespaceSelector: {}, rules: [{ scope: '*' }] }] }],
    [table.validatingAdmissionPolicies, {}, { spec: { failurePolicy: 'Fail', matchConstraints: { matchPolicy: 'Equivalent', objectSelector: {} } } }],
    [table.mutatingAdmissionPolicies, {}, { spec: { failurePolicy: 'Fail', matchConstraints: { matchPolicy: 'Equivalent', objectSelector: {} } } }],
    [table.mutatingAdmissionPolicyBindings, { 'spec.paramRef': { name: 'a' } }, { spec: { paramRef: { parameterNotFoundAction: 'Deny' } } }],
    [table.apiServices, {}, { spec: { service: { port: 443 } } }],
    [table.flowSchemas, { 'spec.matchingPrecedence': undefined }, { spec: { matchingPrecedence: 1000 } }],
    [table.priorityLevelConfigurations, { 'spec.limited.limitResponse': { type: 'Queue', queuing: {} } }, { spec: { limited: { nominalConcurrencyShares: 30, lendablePercent: 0, limitResponse: { queuing: { queues: 64, handSize: 8, queueLengthLimit: 50 } } } } }],
    [table.certificateSigningRequests, { 'spec.username': 'root', status: { conditions: [{ type: 'Approved', status: 'True' }] } }, { spec: { username: 'tester', groups: ['system:masters'] }, status: {} }],
  ])('of %o with %j', async (resource, changes, expected) => {
    expect(await create(resource, changed(resource, changes))).toMatchObject(expected);
  });
});

describe('validation', () => {
  it.each<[Resource, Json, string[]]>([
    [table.ingresses, { spec: {} }, ['spec: Invalid value: null: either `defaultBackend` or `rules` must be specified']],
    [table.ingresses, { 'spec.rules.0.host': '198.51.100.1' }, ['spec.rules[0].host: Invalid value: "198.51.100.1": must be a DNS name, not an IP address']],
    [table.ingresses, { 'spec.rules.0.http.paths.0.path': 'a' }, ['spec.rules[0].http.paths[0].path: Invalid value: "a": must be an absolute path']],
    [table.ingresses, { 'spec.rules.0.http.paths.0.pathType': undefined }, ['spec.rules[0].http.paths[0].pathType: Required value: pathType must be specified']],
    [table.ingresses, { 'spec.rules.0.http.paths.0.backend.service.port': {} }, ['spec.rules[0].http.paths[0].backend: Required value: port name or number is required']],
    [table.ingressClasses, { 'spec.controller': 'x' }, ['spec.controller: Invalid value: "x": must be a domain-prefixed path (such as "acme.io/foo")']],
    [table.networkPolicies, { 'spec.ingress.0.from.0': { podSelector: {}, ipBlock: { cidr: '198.18.0.0/16' } } }, ['spec.ingress[0].from[0]: Forbidden: may not specify both ipBlock and another peer']],
    [table.networkPolicies, { 'spec.ingress.0.from.0.ipBlock.except': ['198.18.0.0/16'] }, ['spec.ingress[0].from[0].ipBlock.except[0]: Invalid value: "198.18.0.0/16": must be a strict subset of `cidr`']],
    [table.networkPolicies, { 'spec.ingress.0.ports.0': { port: 80, endPort: 79 } }, ['spec.ingress[0].ports[0].endPort: Invalid value: 79: must be greater than or equal to `port`']],
    [table.serviceCIDRs, { 'spec.cidrs': [] }, ['spec.cidrs: Required value: at least one CIDR required']],
    [table.serviceCIDRs, { 'spec.cidrs': ['198.18.0.1/24', 'x'] }, ['spec.cidrs[0]: Invalid value: "198.18.0.1/24": must not have bits set beyond the prefix length', 'spec.cidrs[1]: Invalid value: "x": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)']],
    [table.serviceCIDRs, { 'spec.cidrs': ['198.18.0.0/24', '198.19.0.0/24'] }, ['spec.cidrs: Invalid value: ["198.18.0.0/24","198.19.0.0/24"]: may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64']],
    [table.ipAddresses, { 'metadata.name': '2001:DB8::1' }, ['metadata.name: Invalid value: "2001:DB8::1": must be in canonical form ("2001:db8::1")']],
    [table.ipAddresses, { 'spec.parentRef': undefined }, ['spec.parentRef: Required value']],
    [table.ipAddresses, { 'spec.parentRef': { group: 'a_b', namespace: 'x/y' } }, [
      "spec.parentRef.group: Invalid value: \"a_b\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
      'spec.parentRef.resource: Required value', 'spec.parentRef.name: Required value', `spec.parentRef.namespace: Invalid value: "x/y": may not contain '/'`,
    ]],
    [table.priorityClasses, { value: 1_000_000_001 }, ['value: Forbidden: maximum allowed value of a user defined priority is 1000000000']],
    [table.priorityClasses, { 'metadata.name': 'system-mine' }, ["metadata.name: Forbidden: priority class names with 'system-' prefix are reserved for system use only. error: system-mine is not a known system priority class"]],
    [table.storageClasses, { provisioner: '', reclaimPolicy: 'Recycle' }, ['provisioner: Required value', 'reclaimPolicy: Unsupported value: "Recycle": supported values: "Delete", "Retain"']],
    [table.volumeAttributesClasses, { driverName: '', parameters: {} }, ['driverName: Required value', 'parameters: Required value: must contain at least one key/value pair']],
    [table.volumeAttachments, { 'spec.source': {} }, ['spec.source: Required value: must specify exactly one of inlineVolumeSpec and persistentVolumeName']],
    [table.csiNodes, { 'spec.drivers.0.nodeID': '' }, ['spec.drivers[0].nodeID: Required value']],
    [table.csiNodes, { 'spec.drivers.0.topologyKeys': ['a b', 'c'] }, [expect.stringMatching(/^spec\.drivers\[0\]: Invalid value: \["a b","c"\]: name part must consist of/)]],
    [table.storageClasses, { volumeBindingMode: '' }, ['volumeBindingMode: Unsupported value: "": supported values: "Immediate", "WaitForFirstConsumer"']],
    [table.runtimeClasses, { scheduling: { tolerations: [{ key: 'a', operator: 'Exists' }, { key: 'a', operator: 'Exists', effect: 'No' }, { key: 'a', operator: 'Exists' }] } }, [
      'scheduling.tolerations.tolerations[1].effect: Unsupported value: "No": supported values: "NoSchedule", "PreferNoSchedule", "NoExecute"',
      'scheduling.tolerations[2]: Duplicate value: {"key":"a","operator":"Exists"}',
    ]],
    [table.validatingWebhookConfigurations, { 'webhooks.0.clientConfig': { service: { name: 's', port: 443 } }, 'webhooks.0.failurePolicy': '' }, [
      'webhooks[0].failurePolicy: Unsupported value: "": supported values: "Fail", "Ignore"', 'webhooks[0].clientConfig.service.name: Required value',
    ]],
    [table.csiStorageCapacities, { capacity: '-1' }, ['capacity: Invalid value: "-1": must be greater than or equal to 0']],
    [table.roles, { 'rules.0': { nonResourceURLs: ['/x'] } }, ['rules[0].verbs: Required value: verbs must contain at least one value', 'rules[0].nonResourceURLs: Invalid value: ["/x"]: namespaced rules cannot apply to non-resource URLs']],
    [table.clusterRoles, { aggregationRule: {} }, ['aggregationRule.clusterRoleSelectors: Required value: at least one clusterRoleSelector required if aggregationRule is non-nil']],
    [table.clusterRoleBindings, { 'roleRef.kind': 'Role', subjects: [{ kind: 'ServiceAccount', name: 'a' }] }, ['roleRef.kind: Unsupported value: "Role": supported values: "ClusterRole"', 'subjects[0].namespace: Required value']],
    [table.clusterRoleBindings, { subjects: [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: '' }] }, ['subjects[0].name: Required value']],
    [table.certificateSigningRequests, { 'spec.request': 'eA==', 'spec.usages': [] }, ['spec.request: Invalid value: "eA==": PEM block type must be CERTIFICATE REQUEST', 'spec.usages: Required value']],
    [table.certificateSigningRequests, { 'spec.signerName': 'x', 'spec.expirationSeconds': 5 }, ["spec.signerName: Invalid value: \"x\": must be a fully qualified domain and path of the form 'example.com/signer-name'", 'spec.expirationSeconds: Invalid value: 5: may not specify a duration less than 600 seconds (10 minutes)']],
    [table.validatingWebhookConfigurations, { 'webhooks.0.name': 'a.b', 'webhooks.0.sideEffects': 'Some' }, ['webhooks[0].name: Invalid value: "a.b": should be a domain with at least three segments separated by dots', 'webhooks[0].sideEffects: Unsupported value: "Some": supported values: "None", "NoneOnDryRun"']],
    [table.validatingWebhookConfigurations, { 'webhooks.0.clientConfig': { url: 'http://u@x/?a=b' } }, [
      `webhooks[0].clientConfig.url: Invalid value: "http": 'https' is the only allowed URL scheme; desired format: https://host[/path]`, 'webhooks[0].clientConfig.url: Invalid value: "u": user information is not permitted in the URL',
      'webhooks[0].clientConfig.url: Invalid value: "a=b": query parameters are not permitted in the URL',
    ]],
    [table.validatingAdmissionPolicies, { 'spec.validations': [] }, ['spec.validations: Required value: validations or auditAnnotations must contain at least one item', 'spec.auditAnnotations: Required value: validations or auditAnnotations must contain at least one item']],
    [table.validatingAdmissionPolicyBindings, { 'spec.validationActions': ['Deny', 'Warn'] }, ['spec.validationActions: Invalid value: ["Deny","Warn"]: must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)']],
    [table.mutatingAdmissionPolicies, { 'spec.mutations': [], 'spec.reinvocationPolicy': '' }, ['spec.mutations: Required value: mutations must contain at least one item', 'spec.reinvocationPolicy: Required value']],
    [table.mutatingAdmissionPolicies, { 'spec.mutations': [{ patchType: 'JSONPatch', applyConfiguration: { expression: 'Object{}' } }, { patchType: 'Merge' }], 'spec.matchConstraints': undefined }, [
      'spec.matchConstraints: Required value', 'spec.mutations[0].jsonPatch: Required value: must be specified when patchType is JSONPatch',
      'spec.mutations[0].applyConfiguration: Forbidden: may not be specified when patchType is JSONPatch', 'spec.mutations[1].patchType: Unsupported value: "Merge": supported values: "ApplyConfiguration", "JSONPatch"',
    ]],
    [table.mutatingAdmissionPolicyBindings, { 'spec.policyName': '', 'spec.paramRef': {} }, ['spec.policyName: Required value', 'spec.paramRef: Required value: one of name or selector must be specified']],
    [table.apiServices, { 'metadata.name': 'x' }, ['metadata.name: Invalid value: "x": must be `spec.version+"."+spec.group`: "v1.remote.example"']],
    [table.flowSchemas, { 'spec.matchingPrecedence': 1 }, ["spec.matchingPrecedence: Invalid value: 1: only the schema named 'exempt' may have matchingPrecedence 1"]],
    [table.priorityLevelConfigurations, { 'spec.type': 'Exempt' }, ["spec.type: Invalid value: \"Exempt\": type must be 'Exempt' if and only if name is 'exempt'", 'spec.limited: Forbidden: must be nil if the type is not Limited']],
  ])('of %o with %j', async (resource, changes, expected) => {
    expect(await messages(resource, changes)).toEqual(expected);
  });
});

describe('what cannot change', () => {
  it.each<[Resource, Json, string]>([
    [table.ingressClasses, { 'spec.controller': 'example.com/other' }, 'spec.controller: Invalid value: "example.com/other": field is immutable'],
    [table.serviceCIDRs, { 'spec.cidrs': ['198.19.0.0/24'] }, 'spec.cidrs[0]: Invalid value: "198.19.0.0/24": field is immutable'],
    [table.serviceCIDRs, { 'spec.cidrs': [] }, 'spec.cidrs: Invalid value: []: field is immutable'],
    [table.priorityClasses, { value: 6 }, 'value: Forbidden: may not be changed in an update.'],
    [table.storageClasses, { provisioner: 'example.com/other' }, 'provisioner: Forbidden: updates to provisioner are forbidden.'],
    [table.storageClasses, { reclaimPolicy: 'Recycle' }, '[reclaimPolicy: Unsupported value: "Recycle": supported values: "Delete", "Retain", reclaimPolicy: Forbidden: updates to reclaimPolicy are forbidden.]'],
    [table.volumeAttributesClasses, { driverName: 'example.com/other' }, 'driverName: Forbidden: updates to driverName are forbidden.'],
    [table.volumeAttributesClasses, { 'parameters.speed': 'low' }, 'parameters: Forbidden: updates to parameters are forbidden.'],
    [table.runtimeClasses, { handler: 'other' }, 'handler: Invalid value: "other": field is immutable'],
    [table.roleBindings, { 'roleRef.name': 'edit' }, 'roleRef: Invalid value: {"APIGroup":"rbac.authorization.k8s.io","Kind":"ClusterRole","Name":"edit"}: cannot change roleRef'],
    [table.csiStorageCapacities, { storageClassName: 'other' }, 'storageClassName: Invalid value: "other": field is immutable'],
  ])('%o with %j', async (resource, changes, expected) => {
    const { registry, context } = await createTestRegistry();
    const namespace = resource.namespaced ? 'default' : undefined;
    const created = await registry.of(resource).create(context, namespace, validObject(resource));
    const wanted = { ...changed(resource, changes), metadata: created.metadata! };
    const error = await refusal(registry.of(resource).update(context, { name: 'given', ...(namespace ? { namespace } : {}), change: () => wanted }));
    expect(error.message).toBe(`${resource.kind}.${resource.group} "given" is invalid: ${expected}`);
  });

  it('approvers change the conditions of a signing request, the signer its certificate', async () => {
    const { registry, context } = await createTestRegistry();
    const store = registry.of(table.certificateSigningRequests);
    await store.create(context, undefined, validObject(table.certificateSigningRequests) as never);
    const approval = { type: 'Approved', status: 'True', reason: 'Fine' };
    const status = await refusal(store.update(context, { name: 'given', subresource: 'status', change: (csr) => ({ ...csr, status: { conditions: [approval] } }) }));
    expect(status.message).toContain('status.conditions: Forbidden: updates may not add a condition of type "Approved"');
    const approved = await store.update(context, { name: 'given', subresource: 'approval', change: (csr) => ({ ...csr, status: { certificate: 'eA==', conditions: [approval] } }) });
    expect(approved.status).toMatchObject({ conditions: [{ ...approval, lastUpdateTime: expect.any(String) as string, lastTransitionTime: expect.any(String) as string }] });
    expect(approved.status).not.toHaveProperty('certificate');
    const back = await refusal(store.update(context, { name: 'given', subresource: 'approval', change: (csr) => ({ ...csr, status: {} }) }));
    expect(back.message).toContain('updates may not remove a condition of type "Approved"');
  });
});
