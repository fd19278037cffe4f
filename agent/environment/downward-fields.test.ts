import { describe, expect, it } from 'vitest';
import type { Pod } from '../../api/core.ts';
import { DownwardFieldError, podField, resourceField, type DownwardFacts } from './downward-fields.ts';

const facts: DownwardFacts = {
  nodeName: 'pi-1', hostIPs: ['203.0.113.5', 'fd00::5'], podIPs: ['198.18.1.7'], allocatable: { cpu: '4', memory: '1Gi', 'ephemeral-storage': '10Gi' },
};
const pod: Pod = {
  metadata: { name: 'web-0', namespace: 'shop', uid: 'u-1', labels: { app: 'web', 'a.b/c': 'x' }, annotations: { note: 'two\nlines "quoted"\u0001' } },
  spec: {
    serviceAccountName: 'runner',
    containers: [
      { name: 'main', resources: { limits: { cpu: '250m', memory: '64Mi' }, requests: { cpu: '100m', 'ephemeral-storage': '1Gi' } } },
      { name: 'bare' },
    ],
  },
};
const [main, bare] = pod.spec!.containers;

describe('podField', () => {
  it.each([
    ['metadata.name', 'web-0'],
    ['metadata.namespace', 'shop'],
    ['metadata.uid', 'u-1'],
    ["metadata.labels['app']", 'web'],
    ["metadata.labels['a.b/c']", 'x'],
    ["metadata.labels['missing']", ''],
    ['metadata.labels', 'a.b/c="x"\napp="web"'],
    ['metadata.annotations', 'note="two\\nlines \\"quoted\\"\\x01"'],
    ['spec.nodeName', 'pi-1'],
    ['spec.serviceAccountName', 'runner'],
    ['status.hostIP', '203.0.113.5'],
    ['status.hostIPs', '203.0.113.5,fd00::5'],
    ['status.podIP', '198.18.1.7'],
    ['status.podIPs', '198.18.1.7'],
  ])('%s', (path, expected) => {
    expect(podField(path, pod, facts)).toBe(expected);
  });

  it('refuses a field that has no value, in the kubelet\'s words', () => {
    expect(() => podField('spec.hostname', pod, facts)).toThrow(new DownwardFieldError('unsupported fieldPath: spec.hostname'));
  });
});

describe('resourceField', () => {
  it.each([
    ['limits.cpu', undefined, '1'],
    ['limits.cpu', '1m', '250'],
    ['limits.memory', undefined, String(64 * 1024 * 1024)],
    ['limits.memory', '1Mi', '64'],
    ['limits.memory', '100M', '1'],
    ['requests.cpu', '1m', '100'],
    ['requests.memory', undefined, '0'],
    ['requests.ephemeral-storage', '1Gi', '1'],
    ['limits.ephemeral-storage', '1Gi', '10'],
    ['limits.cpu', '0', '1'],
    ['limits.hugepages-2Mi', undefined, '0'],
  ])('%s divided by %s', (resource, divisor, expected) => {
    expect(resourceField({ resource, divisor }, pod, main, facts)).toBe(expected);
  });

  it('takes what the node can give where there is no limit', () => {
    expect(resourceField({ resource: 'limits.cpu' }, pod, bare, facts)).toBe('4');
    expect(resourceField({ resource: 'limits.memory', divisor: '1Mi' }, pod, bare, facts)).toBe('1024');
  });

  it('can be about another container', () => {
    expect(resourceField({ resource: 'limits.cpu', divisor: '1m', containerName: 'main' }, pod, bare, facts)).toBe('250');
  });

  it('refuses what it does not know', () => {
    expect(() => resourceField({ resource: 'limits.bananas' }, pod, main, facts)).toThrow('unsupported container resource : limits.bananas');
    expect(() => resourceField({ resource: 'limits.cpu', containerName: 'ghost' }, pod, main, facts)).toThrow('container ghost not found');
  });
});
