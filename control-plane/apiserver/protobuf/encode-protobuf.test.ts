import { describe, expect, it } from 'vitest';
import { decodeProtobuf } from './decode-protobuf.ts';
import { encodeProtobuf } from './encode-protobuf.ts';
import { watchFrame, wrapList, wrapMessage } from './envelope.ts';

const pod = 'k8s.io.api.core.v1.Pod';
const schemas = 'k8s.io.apiextensions_apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps';

/** Bodies that kubectl 1.33 sent: what Go writes. */
const sent: [schema: string, base64: string][] = [
  ['k8s.io.api.apps.v1.Deployment', 'azhzAAoVCgdhcHBzL3YxEgpEZXBsb3ltZW50ErgBCh8KA3dlYhIAGgAiACoAMgA4AEIAWgoKA2FwcBIDd2ViEoYBCAISDAoKCgNhcHASA3dlYhpsChwKABIAGgAiACoAMgA4AEIAWgoKA2FwcBIDd2ViEkwSLgoFbmdpbngSBW5naW54KgAyCgoAEAAYUCIAKgBCAGoAcgCAAQCIAQCQAQCiAQAaADIAQgBKAFIAWABgAGgAggEAigEAmgEAwgEAIgIKACgAOAAaDAgAEAAYACAAKAA4ABoAIgA='],
  ['k8s.io.api.core.v1.Service', 'azhzAAoNCgJ2MRIHU2VydmljZRJnChsKAXMSABoAIgAqADIAOABCAFoICgNhcHASAXMSRAogCgc4MC1odHRwEgNUQ1AYUCIKCAEQABoEaHR0cCiA6wESCAoDYXBwEgFzGgAiCE5vZGVQb3J0OgBCAFIAWgBgAGgAGgIKABoAIgA='],
  ['k8s.io.api.batch.v1.CronJob', 'azhzAAoTCghiYXRjaC92MRIHQ3JvbkpvYhKZAQoRCgFjEgAaACIAKgAyADgAQgASgQEKCSogKiAqICogKhoAKnIKEQoBYxIAGgAiACoAMgA4AEIAEl0yWwoQCgASABoAIgAqADIAOABCABJHEiAKAWMSAXgaAWEaAWIqAEIAagByAIABAIgBAJABAKIBABoJT25GYWlsdXJlMgBCAEoAUgBYAGAAaACCAQCKAQCaAQDCAQAaABoAIgA='],
  ['k8s.io.api.networking.v1.Ingress', 'azhzAAofChRuZXR3b3JraW5nLms4cy5pby92MRIHSW5ncmVzcxJPChEKAWkSABoAIgAqADIAOABCABI2EggKA2EuYhIBdBoqCgNhLmISIwohCh8KAi9jEhEiDwoDc3ZjEggKBGh0dHAQABoGUHJlZml4GgIKABoAIgA='],
  ['k8s.io.api.policy.v1.PodDisruptionBudget', 'azhzAAogCglwb2xpY3kvdjESE1BvZERpc3J1cHRpb25CdWRnZXQSNgoRCgFwEgAaACIAKgAyADgAQgASFQoJCAEQABoDNTAlEggKBgoBYRIBYhoKCAAYACAAKAAwABoAIgA='],
  ['k8s.io.api.core.v1.Secret', 'azhzAAoMCgJ2MRIGU2VjcmV0Eh0KEQoBcxIAGgAiACoAMgA4AEIAEgYKAWESAWIaABoAIgA='],
  ['k8s.io.api.core.v1.ResourceQuota', 'azhzAAoTCgJ2MRINUmVzb3VyY2VRdW90YRIwChEKAXESABoAIgAqADIAOABCABIZCgoKA2NwdRIDCgExCgsKBHBvZHMSAwoBMhoAGgAiAA=='],
  ['k8s.io.api.scheduling.v1.PriorityClass', 'azhzAAolChRzY2hlZHVsaW5nLms4cy5pby92MRINUHJpb3JpdHlDbGFzcxIxChIKAnBjEgAaACIAKgAyADgAQgAQBxgAIgF4KhRQcmVlbXB0TG93ZXJQcmlvcml0eRoAIgA='],
  ['k8s.io.api.authentication.v1.TokenRequest', 'azhzAAooChhhdXRoZW50aWNhdGlvbi5rOHMuaW8vdjESDFRva2VuUmVxdWVzdBIgChAKABIAGgAiACoAMgA4AEIAEgYKAXggkBwaBAoAEgAaACIA'],
  ['k8s.io.api.rbac.v1.RoleBinding', 'azhzAAorChxyYmFjLmF1dGhvcml6YXRpb24uazhzLmlvL3YxEgtSb2xlQmluZGluZxKHAQoSCgJyYhIAGgAiACoAMgA4AEIAEiYKBFVzZXISGXJiYWMuYXV0aG9yaXphdGlvbi5rOHMuaW8aAXUiABIYCg5TZXJ2aWNlQWNjb3VudBIAGgFiIgFhGi8KGXJiYWMuYXV0aG9yaXphdGlvbi5rOHMuaW8SC0NsdXN0ZXJSb2xlGgVhZG1pbhoAIgA='],
];

describe('encodeProtobuf', () => {
  it.each(sent)('writes %s as Go does', (schema, base64) => {
    const bytes = Buffer.from(base64, 'base64');
    const object = decodeProtobuf(bytes, schema);
    expect(wrapMessage(String(object['apiVersion']), String(object['kind']), encodeProtobuf(schema, object)).toString('base64')).toBe(base64);
  });

  it('keeps what pods are made of', () => {
    const object = {
      metadata: {
        name: 'web', labels: { 'ä': '1', b: '2', a: '3' }, creationTimestamp: '2026-01-01T00:00:00Z', generation: 3_000_000_000, deletionGracePeriodSeconds: 0,
        managedFields: [{ manager: 'kubectl', operation: 'Apply', fieldsType: 'FieldsV1', fieldsV1: { 'f:spec': {} } }],
      },
      spec: {
        containers: [{
          name: 'c', resources: { limits: { cpu: '500m', memory: '1Gi' } }, livenessProbe: { httpGet: { port: 'http' }, initialDelaySeconds: -1 },
          env: [{ name: 'A', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }],
        }],
        volumes: [{ name: 'v', emptyDir: {} }, { name: 'w', configMap: { name: 'm', defaultMode: 0 } }],
        terminationGracePeriodSeconds: 0, enableServiceLinks: false,
      },
      status: { startTime: '2026-01-01T00:00:01Z', podIPs: [{ ip: '198.18.1.2' }] },
    };
    const bytes = encodeProtobuf(pod, object);
    expect(decodeProtobuf(wrapMessage('v1', 'Pod', bytes), pod)).toMatchObject(object);
    expect(encodeProtobuf(pod, object)).toEqual(bytes);
  });

  it('keeps microseconds, and texts longer than a buffer', () => {
    const lease = 'k8s.io.api.coordination.v1.Lease';
    const object = { metadata: { name: 'x'.repeat(200_000) }, spec: { renewTime: '2026-01-01T00:00:00.012345Z', leaseDurationSeconds: 40 } };
    expect(decodeProtobuf(wrapMessage('coordination.k8s.io/v1', 'Lease', encodeProtobuf(lease, object)), lease)).toMatchObject(object);
  });

  it('keeps schemas of custom kinds', () => {
    const object = {
      type: 'object', maximum: 1.5, default: { a: [1] }, enum: ['x', 1, null], additionalProperties: false, properties: { a: { items: { type: 'string' } }, b: { additionalProperties: { type: 'integer' } } },
      'x-kubernetes-preserve-unknown-fields': true, 'x-kubernetes-validations': [{ rule: 'self.a', message: 'm' }],
    };
    expect(decodeProtobuf(wrapMessage('v1', 'X', encodeProtobuf(schemas, object)), schemas)).toMatchObject({ ...object, enum: ['x', 1, null] });
  });
});

describe('envelopes', () => {
  it('wrap lists, whose items have none', () => {
    const items = ['a', 'b'].map((name) => encodeProtobuf('k8s.io.api.core.v1.ConfigMap', { metadata: { name } }));
    const list = wrapList('v1', 'ConfigMapList', { resourceVersion: '7' }, items);
    const whole = encodeProtobuf('k8s.io.api.core.v1.ConfigMapList', { metadata: { resourceVersion: '7' }, items: [{ metadata: { name: 'a' } }, { metadata: { name: 'b' } }] });
    expect(list).toEqual(wrapMessage('v1', 'ConfigMapList', whole));
  });

  it('frame the events of a watch', () => {
    const object = wrapMessage('v1', 'ConfigMap', encodeProtobuf('k8s.io.api.core.v1.ConfigMap', { metadata: { name: 'a' } }));
    const frame = watchFrame('ADDED', object);
    expect(frame.readUInt32BE()).toBe(frame.length - 4);
    expect(frame.subarray(4, 11).toString('latin1')).toBe('\n\x05ADDED');
    expect(frame.subarray(-object.length)).toEqual(object);
  });
});
