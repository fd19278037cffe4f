import { describe, expect, test } from 'vitest';
import type { Container, Pod, PodSpec } from '../../../../api/core.ts';
import { defaultPod, defaultPodSpec } from './defaults.ts';
import { defaultPodTemplate } from './template-defaults.ts';

function defaulted(spec: object): PodSpec {
  const pod: Pod = { spec: structuredClone(spec) as PodSpec };
  defaultPod(pod);
  return pod.spec!;
}

function container(fields: Partial<Container> = {}): Container {
  return defaulted({ containers: [{ name: 'a', image: 'a:1', ...fields }] }).containers[0]!;
}

test('the smallest pod gets what Kubernetes gives it', () => {
  expect(defaulted({ containers: [{ name: 'a', image: 'a' }] })).toEqual({
    containers: [{ name: 'a', image: 'a', imagePullPolicy: 'Always', resources: {}, terminationMessagePath: '/dev/termination-log', terminationMessagePolicy: 'File' }],
    dnsPolicy: 'ClusterFirst', restartPolicy: 'Always', securityContext: {}, terminationGracePeriodSeconds: 30, schedulerName: 'default-scheduler', enableServiceLinks: true,
  });
});

test.each([
  ['web', 'Always'], ['web:latest', 'Always'], ['web:1', 'IfNotPresent'], ['registry:5000/web', 'Always'], ['registry:5000/web:2', 'IfNotPresent'],
  [`web@sha256:${'ab'.repeat(32)}`, 'IfNotPresent'], [`web:latest@sha256:${'ab'.repeat(32)}`, 'Always'], ['localhost/a/b', 'Always'], ['[2001:db8::1]:5000/a', 'Always'],
  // What is no image at all is nothing that changes.
  ['Web', 'IfNotPresent'], ['web@sha256:abc', 'IfNotPresent'], ['a//b', 'IfNotPresent'], ['x'.repeat(600), 'IfNotPresent'],
])('image %s is pulled %s', (image, policy) => {
  expect(container({ image }).imagePullPolicy).toBe(policy);
  expect(container({ image, imagePullPolicy: 'Never' }).imagePullPolicy).toBe('Never');
});

describe('containers', () => {
  test('request what they are limited to, one by one', () => {
    expect(container({ resources: { limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: '500m' } } }).resources).toEqual({ limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: '500m', memory: '1Gi' } });
    expect(container({ resources: { requests: { cpu: '1' } } }).resources).toEqual({ requests: { cpu: '1' } });
  });

  test('have protocols, probes and references spelled out', () => {
    expect(container({
      ports: [{ containerPort: 80 }],
      env: [{ name: 'X', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }],
      livenessProbe: { httpGet: { port: 80 } },
      readinessProbe: { tcpSocket: { port: 80 }, periodSeconds: 5, failureThreshold: 1 },
      lifecycle: { preStop: { httpGet: { port: 80, scheme: 'HTTPS' } } },
    })).toMatchObject({
      ports: [{ containerPort: 80, protocol: 'TCP' }],
      env: [{ valueFrom: { fieldRef: { apiVersion: 'v1' } } }],
      livenessProbe: { httpGet: { path: '/', scheme: 'HTTP' }, timeoutSeconds: 1, periodSeconds: 10, successThreshold: 1, failureThreshold: 3 },
      readinessProbe: { timeoutSeconds: 1, periodSeconds: 5, successThreshold: 1, failureThreshold: 1 },
      lifecycle: { preStop: { httpGet: { path: '/', scheme: 'HTTPS' } } },
    });
  });

  test('on the network of the board have their ports there', () => {
    const containers = [{ name: 'a', ports: [{ containerPort: 80 }] }];
    expect(defaulted({ hostNetwork: true, containers }).containers[0]?.ports).toEqual([{ containerPort: 80, hostPort: 80, protocol: 'TCP' }]);
    expect(defaulted({ containers }).containers[0]?.ports).toEqual([{ containerPort: 80, protocol: 'TCP' }]);
  });
});

test('volumes have modes, and a source', () => {
  const { volumes } = defaulted({
    containers: [],
    volumes: [
      { name: 'a' }, { name: 'b', configMap: { name: 'm' } }, { name: 'c', secret: { secretName: 's', defaultMode: 256 } }, { name: 'd', hostPath: { path: '/' } },
      { name: 'e', downwardAPI: { items: [{ path: 'x', fieldRef: { fieldPath: 'metadata.name' } }] } }, { name: 'f', projected: { sources: [{ serviceAccountToken: { path: 't' } }] } },
    ],
  });
  expect(volumes).toEqual([
    { name: 'a', emptyDir: {} }, { name: 'b', configMap: { name: 'm', defaultMode: 420 } }, { name: 'c', secret: { secretName: 's', defaultMode: 256 } }, { name: 'd', hostPath: { path: '/', type: '' } },
    { name: 'e', downwardAPI: { defaultMode: 420, items: [{ path: 'x', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.name' } }] } },
    { name: 'f', projected: { defaultMode: 420, sources: [{ serviceAccountToken: { path: 't', expirationSeconds: 3600 } }] } },
  ]);
});

test('defaults change nothing the second time, and survive what is missing', () => {
  const once = defaulted({ containers: [{ name: 'a', livenessProbe: {}, resources: { limits: { cpu: '1' } } }], initContainers: [{ name: 'b' }] });
  expect(defaulted(once)).toEqual(once);
  expect(() => defaultPod({})).not.toThrow();
  expect(() => defaulted({})).not.toThrow();
});

test('a template keeps open what only a pod decides', () => {
  const spec = { containers: [{ name: 'a', image: 'a:1', resources: { limits: { cpu: '1' } } }] } as PodSpec;
  defaultPodSpec(spec);
  expect(spec.containers[0]?.resources).toEqual({ limits: { cpu: '1' } });
  expect(spec.enableServiceLinks).toBeUndefined();
  expect(spec.schedulerName).toBe('default-scheduler');
});

test('volumes from elsewhere have what their drivers take for granted', () => {
  expect(defaulted({
    containers: [],
    volumes: [{ name: 'a', iscsi: {} }, { name: 'b', rbd: { user: 'eva' } }, { name: 'c', azureDisk: {} }, { name: 'd', image: { reference: 'a:1' } }, { name: 'e', ephemeral: { volumeClaimTemplate: { spec: {} } } }],
  }).volumes).toEqual([
    { name: 'a', iscsi: { iscsiInterface: 'default' } }, { name: 'b', rbd: { pool: 'rbd', user: 'eva', keyring: '/etc/ceph/keyring' } },
    { name: 'c', azureDisk: { cachingMode: 'ReadWrite', kind: 'Shared', fsType: 'ext4', readOnly: false } }, { name: 'd', image: { reference: 'a:1', pullPolicy: 'IfNotPresent' } },
    { name: 'e', ephemeral: { volumeClaimTemplate: { spec: { volumeMode: 'Filesystem' } } } },
  ]);
});

test.each([
  [{ serviceAccount: 'a' }, 'a'], [{ serviceAccountName: 'a' }, 'a'], [{ serviceAccountName: 'a', serviceAccount: 'b' }, 'a'],
])('the service account of %j has two names in a template, too', (names, name) => {
  const template = { spec: { containers: [], ...names } };
  defaultPodTemplate(template);
  expect(template.spec).toMatchObject({ serviceAccountName: name, serviceAccount: name });
});

test.each([
  [{ podIP: '198.18.0.1' }, '198.18.0.1', ['198.18.0.1']],
  [{ podIPs: [{ ip: '198.18.0.1' }, { ip: '2001:db8::1' }] }, '198.18.0.1', ['198.18.0.1', '2001:db8::1']],
  [{ podIP: '198.18.0.1', podIPs: [{ ip: '198.18.0.2' }, { ip: '2001:db8::1' }] }, '198.18.0.1', ['198.18.0.1']],
  [{}, undefined, undefined],
])('a pod with the addresses %j has them in both fields', (status, address, addresses) => {
  const pod: Pod = { spec: { containers: [] }, status: structuredClone(status) };
  defaultPod(pod);
  expect([pod.status?.podIP, pod.status?.podIPs?.map(({ ip }) => ip)]).toEqual([address, addresses]);
});
