/**
 * Whatever a client sends that decodes, defaults and validation answer with field errors and never throw. Objects are made
 * from the schema table, with any field missing: the published types call some fields required that clients may leave out.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeObject } from '../../../api/decode/decode-object.ts';
import type { FieldError } from '../../../api/errors.ts';
import type { KubernetesObject } from '../../../api/meta.ts';
import { configMaps, deployments, endpoints, endpointSlices, events, leases, namespaces, nodes, pods, replicaSets, secrets, services, type Resource } from '../../../api/resources.ts';
import { messageOf, type SchemaField } from '../../../api/schema/schema-table.ts';
import { defaultDeployment } from '../apps/deployment/defaults.ts';
import { validateDeployment, validateDeploymentStatusUpdate, validateDeploymentUpdate } from '../apps/deployment/validation.ts';
import { defaultReplicaSet } from '../apps/replica-set/defaults.ts';
import { validateReplicaSet, validateReplicaSetStatusUpdate, validateReplicaSetUpdate } from '../apps/replica-set/validation.ts';
import { validateLease, validateLeaseUpdate } from '../coordination/lease/validation.ts';
import { validateConfigMap, validateConfigMapUpdate } from '../core/config-map/validation.ts';
import { defaultEndpoints } from '../core/endpoints/defaults.ts';
import { validateEndpoints, validateEndpointsUpdate } from '../core/endpoints/validation.ts';
import { defaultEvent } from '../core/event/defaults.ts';
import { validateEvent, validateEventUpdate } from '../core/event/validation.ts';
import { defaultNamespace } from '../core/namespace/defaults.ts';
import { validateNamespace, validateNamespaceStatusUpdate } from '../core/namespace/validation.ts';
import { defaultNode } from '../core/node/defaults.ts';
import { validateNode, validateNodeStatusUpdate, validateNodeUpdate } from '../core/node/validation.ts';
import { defaultPod } from '../core/pod/defaults.ts';
import { validatePodStatusUpdate } from '../core/pod/validate-status.ts';
import { validatePod, validatePodUpdate } from '../core/pod/validation.ts';
import { defaultSecret } from '../core/secret/defaults.ts';
import { validateSecret, validateSecretUpdate } from '../core/secret/validation.ts';
import { defaultService } from '../core/service/defaults.ts';
import { validateService, validateServiceUpdate } from '../core/service/validation.ts';
import { defaultEndpointSlice } from '../discovery/endpoint-slice/defaults.ts';
import { validateEndpointSlice, validateEndpointSliceUpdate } from '../discovery/endpoint-slice/validation.ts';
import { workloadStrategies } from '../workload-strategies.ts';
import { objectMetaRules, validateObjectMeta, validateObjectMetaUpdate } from './object-meta.ts';

interface Kind {
  resource: Resource;
  defaults?: (object: never) => void;
  create: (object: never) => FieldError[];
  updates: ((object: never, old: never) => FieldError[])[];
}

const kinds: Kind[] = [
  { resource: pods, defaults: defaultPod, create: validatePod, updates: [validatePodUpdate, validatePodStatusUpdate] },
  { resource: deployments, defaults: defaultDeployment, create: validateDeployment, updates: [validateDeploymentUpdate, validateDeploymentStatusUpdate] },
  { resource: replicaSets, defaults: defaultReplicaSet, create: validateReplicaSet, updates: [validateReplicaSetUpdate, validateReplicaSetStatusUpdate] },
  { resource: services, defaults: defaultService, create: validateService, updates: [validateServiceUpdate] },
  { resource: nodes, defaults: defaultNode, create: validateNode, updates: [validateNodeUpdate, validateNodeStatusUpdate] },
  { resource: namespaces, defaults: defaultNamespace, create: validateNamespace, updates: [validateNamespaceStatusUpdate] },
  { resource: configMaps, create: validateConfigMap, updates: [validateConfigMapUpdate] },
  { resource: secrets, defaults: defaultSecret, create: validateSecret, updates: [validateSecretUpdate] },
  { resource: endpoints, defaults: defaultEndpoints, create: validateEndpoints, updates: [validateEndpointsUpdate] },
  { resource: endpointSlices, defaults: defaultEndpointSlice, create: validateEndpointSlice, updates: [validateEndpointSliceUpdate] },
  { resource: events, defaults: defaultEvent, create: validateEvent, updates: [validateEventUpdate] },
  { resource: leases, create: validateLease, updates: [validateLeaseUpdate] },
  ...workloadStrategies.map((strategy): Kind => ({
    resource: strategy.resource, defaults: (object) => { strategy.defaults(object); }, create: (object) => strategy.validate(object),
    updates: [(object, old) => strategy.validateUpdate(object, old), (object, old) => strategy.validateStatusUpdate?.(object, old) ?? []],
  })),
];

const text = fc.constantFrom('', 'a', 'web', '../x', '/x', 'UPPER', 'a.b/c', 'Exists', 'In', 'RollingUpdate', '198.18.0.1', 'None', '10%');

function fieldValue(field: SchemaField, depth: number): fc.Arbitrary<unknown> {
  const one = single(field, depth);
  if (field.list) return fc.array(one, { maxLength: 2 });
  return field.map ? fc.dictionary(fc.constantFrom('a', 'cpu', 'a.b/c', 'x y'), one, { maxKeys: 2, noNullPrototype: true }) : one;
}

function single(field: SchemaField, depth: number): fc.Arbitrary<unknown> {
  switch (field.kind) {
    case 'message': return objectOf(field.type, depth + 1);
    case 'string': return field.values ? fc.oneof(fc.constantFrom(...field.values), text) : text;
    case 'bool': return fc.boolean();
    case 'int32': case 'int64': return fc.constantFrom(-1, 0, 1, 80, 70_000);
    case 'double': return fc.constant(0.5);
    case 'bytes': return fc.constantFrom('', 'AAA=');
    case 'quantity': return fc.constantFrom('0', '-1', '1', '500m', '1Gi');
    case 'intOrString': return fc.constantFrom(0, 80, 'http', '25%', '');
    case 'time': case 'microTime': return fc.constant('2026-01-01T00:00:00Z');
    case 'duration': return fc.constant('1s');
    case 'stringList': return fc.constant(['a']);
    case 'json': return fc.constant({});
  }
}

/** Half of the fields are missing; deep down all of them. */
function objectOf(message: string, depth = 0): fc.Arbitrary<Record<string, unknown>> {
  if (depth > 8) return fc.constant({});
  const fields = [...messageOf(message).fields.values()];
  const chosen = fc.subarray(fields, { maxLength: depth < 2 ? fields.length : Math.min(fields.length, 4) });
  return chosen.chain((some) => fc.record(Object.fromEntries(some.map((field) => [field.name, fieldValue(field, depth)]))));
}

test.each(kinds)('$resource.kind', ({ resource, defaults, create, updates }) => {
  const decoded = (input: unknown): KubernetesObject => {
    const { object } = decodeObject(input, resource, { fieldValidation: 'Strict' });
    const metadata = { name: 'a', ...(resource.namespaced ? { namespace: 'b' } : {}), ...object.metadata };
    const complete = { ...object, metadata };
    defaults?.(complete as never);
    return complete;
  };
  fc.assert(fc.property(objectOf(resource.schema), objectOf(resource.schema), (input, oldInput) => {
    const object = decoded(input);
    const old = decoded(oldInput);
    const before = structuredClone(object);
    const errors = [
      ...validateObjectMeta(object.metadata ?? {}, objectMetaRules(resource)), ...validateObjectMetaUpdate(object.metadata ?? {}, old.metadata ?? {}),
      ...create(object as never), ...updates.flatMap((update) => [...update(object as never, old as never), ...update(object as never, object as never)]),
    ];
    expect(object).toEqual(before);
    for (const { field, message } of errors) {
      expect(field).toMatch(/^[a-zA-Z[]/);
      expect(message).toMatch(/^[A-Z]/);
      expect(`${field} ${message}`).not.toMatch(/undefined|NaN|\[object/);
    }
    // Defaults of what has its defaults already change nothing.
    defaults?.(object as never);
    expect(object).toEqual(before);
  }), { numRuns: 150 });
});
