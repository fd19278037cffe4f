import { describe, expect, it } from 'vitest';
import { decodeProtobuf } from './decode-protobuf.ts';

const varint = (value: number): number[] => (value < 128 ? [value] : [(value % 128) + 128, ...varint(Math.floor(value / 128))]);
const bytes = (number: number, ...parts: (Buffer | string)[]): Buffer => {
  const body = Buffer.concat(parts.map((part) => Buffer.from(part as string)));
  return Buffer.from([...varint(number * 8 + 2), ...varint(body.length), ...body]);
};
const integer = (number: number, value: number): Buffer => Buffer.from([...varint(number * 8), ...varint(value)]);
const envelope = (apiVersion: string, kind: string, ...object: Buffer[]): Buffer =>
  Buffer.concat([Buffer.from('k8s\0'), bytes(1, bytes(1, apiVersion), bytes(2, kind)), bytes(2, ...object)]);

describe('decodeProtobuf', () => {
  it('decodes maps, empty texts aside', () => {
    // As kubectl 1.33 sends `create configmap a --from-literal=x=y`.
    const sent = Buffer.from('6b3873000a0f0a02763112 09436f6e6669674d6170121b0a110a0161120 01a0022002a00320038004200 12060a01781201791a002200'.replaceAll(' ', ''), 'hex');
    expect(decodeProtobuf(sent, 'k8s.io.api.core.v1.ConfigMap')).toEqual({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' }, data: { x: 'y' } });
  });

  it('keeps a zero only where it means something', () => {
    const spec = bytes(2, integer(1, 0), integer(5, 0), integer(7, 0));
    expect(decodeProtobuf(envelope('apps/v1', 'Deployment', spec), 'k8s.io.api.apps.v1.Deployment')).toEqual({ apiVersion: 'apps/v1', kind: 'Deployment', spec: { replicas: 0 } });
    expect(decodeProtobuf(envelope('v1', 'DeleteOptions', integer(1, 0)), 'k8s.io.apimachinery.pkg.apis.meta.v1.DeleteOptions')).toMatchObject({ gracePeriodSeconds: 0 });
  });

  it('keeps a number that is no name, where it is a pointer', () => {
    const budget = bytes(2, bytes(3, integer(1, 0), integer(2, 0), bytes(3)));
    expect(decodeProtobuf(envelope('policy/v1', 'PodDisruptionBudget', budget), 'k8s.io.api.policy.v1.PodDisruptionBudget')).toMatchObject({ spec: { maxUnavailable: 0 } });
  });

  it('flattens inline messages, and reads quantities, times, numbers or names', () => {
    const container = bytes(2, bytes(1, 'c'), bytes(8, bytes(1, bytes(1, 'cpu'), bytes(2, bytes(1, '500m')))),
      bytes(10, bytes(1, bytes(2, bytes(2, integer(1, 1), bytes(3, 'http')))), integer(4, 5)));
    const volume = bytes(1, bytes(1, 'v'), bytes(2, bytes(2)));
    const pod = envelope('v1', 'Pod', bytes(1, bytes(8, integer(1, 1767225600))), bytes(2, volume, container));
    expect(decodeProtobuf(pod, 'k8s.io.api.core.v1.Pod')).toMatchObject({
      metadata: { creationTimestamp: '2026-01-01T00:00:00Z' },
      spec: {
        volumes: [{ name: 'v', emptyDir: {} }],
        containers: [{ name: 'c', resources: { limits: { cpu: '500m' } }, livenessProbe: { httpGet: { port: 'http' }, periodSeconds: 5 } }],
      },
    });
  });

  it('encodes bytes as base64', () => {
    const secret = envelope('v1', 'Secret', bytes(2, bytes(1, 'k'), bytes(2, Buffer.from([0xff, 0]))));
    expect(decodeProtobuf(secret, 'k8s.io.api.core.v1.Secret')).toMatchObject({ data: { k: '/wA=' } });
  });

  it.each([
    ['no magic', Buffer.from('{}'), /does not appear to be a protobuf message/],
    ['a length beyond the end', Buffer.from('6b38730012ff01', 'hex'), /unexpected EOF/],
    ['an endless varint', Buffer.concat([Buffer.from('k8s\0'), Buffer.alloc(12, 0xff)]), /integer overflow/],
    ['a group', Buffer.concat([Buffer.from('k8s\0'), Buffer.from([0x13])]), /illegal wireType 3/],
    ['a number for a text', envelope('v1', 'ConfigMap', bytes(1, integer(1, 5))), /wrong wireType/],
  ])('refuses %s', (_title, body, message) => {
    expect(() => decodeProtobuf(body, 'k8s.io.api.core.v1.ConfigMap')).toThrow(message);
  });
});
