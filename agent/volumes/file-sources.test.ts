import { describe, expect, it } from 'vitest';
import type { PodSpec } from '../../api/core.ts';
import { InMemoryDesiredState } from '../testing/in-memory-desired-state.ts';
import { configMapFiles, downwardFiles, secretFiles, tokenFiles, type Files } from './file-sources.ts';

const base64 = (text: string) => Buffer.from(text).toString('base64');
const state = new InMemoryDesiredState();
state.put(
  { kind: 'ConfigMap', object: { metadata: { namespace: 'shop', name: 'settings' }, data: { a: 'one', b: 'two' }, binaryData: { c: base64('\u0000three') } } },
  { kind: 'Secret', object: { metadata: { namespace: 'shop', name: 'login' }, data: { user: base64('ada') } } },
);
const source = { items: undefined, optional: false, mode: 0o644 };

function shown(files: Files) {
  return Object.fromEntries([...files].map(([path, file]) => [path, [file.data.toString(), file.mode.toString(8)]]));
}

describe('files of a ConfigMap', () => {
  it('are all of its keys, text and binary', () => {
    expect(shown(configMapFiles({ ...source, name: 'settings' }, 'shop', state))).toEqual({ a: ['one', '644'], b: ['two', '644'], c: ['\u0000three', '644'] });
  });

  it('are the wanted items, at their paths and with their modes', () => {
    const items = [{ key: 'a', path: 'deep/er/file' }, { key: 'c', path: 'c', mode: 0o400 }];
    expect(shown(configMapFiles({ ...source, name: 'settings', items }, 'shop', state))).toEqual({ 'deep/er/file': ['one', '644'], c: ['\u0000three', '400'] });
  });

  it('fail in the kubelet\'s words, unless optional', () => {
    expect(() => configMapFiles({ ...source, name: 'gone' }, 'shop', state)).toThrow('configmap "gone" not found');
    expect(() => configMapFiles({ ...source, name: 'settings' }, 'elsewhere', state)).toThrow('configmap "settings" not found');
    const items = [{ key: 'x', path: 'x' }];
    expect(() => configMapFiles({ ...source, name: 'settings', items }, 'shop', state)).toThrow('configmap references non-existent config key: x');
    expect(configMapFiles({ ...source, name: 'gone', optional: true }, 'shop', state).size).toBe(0);
    expect(configMapFiles({ ...source, name: 'settings', items, optional: true }, 'shop', state).size).toBe(0);
  });
});

describe('the token of a pod', () => {
  const tokens = new InMemoryDesiredState();
  tokens.put({ kind: 'Secret', object: { metadata: { namespace: 'shop', name: 'PodToken.u.0' }, data: { token: base64('t') } } });
  const container = { name: 'main' };
  const of = (spec: Partial<PodSpec>) => {
    const volumes = [{ name: 'access', projected: { sources: [{ serviceAccountToken: { path: 'token' } }] } }];
    const file = tokenFiles('token', 'access', { metadata: { namespace: 'shop', uid: 'u' }, spec: { containers: [container], volumes, ...spec } }, { state: tokens, mode: 0o644 }).get('token');
    return [file?.mode.toString(8), file?.owner];
  };

  it.each<[string, Partial<PodSpec>, [string, number | undefined]]>([
    ['everybody\'s where nothing is said', {}, ['644', undefined]],
    ['root\'s for the group of the pod\'s files', { securityContext: { fsGroup: 2000 } }, ['600', undefined]],
    ['that of the pod\'s user', { securityContext: { runAsUser: 1000 } }, ['600', 1000]],
    ['that of the user all containers have', { containers: [{ ...container, securityContext: { runAsUser: 7 } }], initContainers: [{ name: 'i', securityContext: { runAsUser: 7 } }] }, ['600', 7]],
    ['everybody\'s where containers have different users', { securityContext: { runAsUser: 1000 }, initContainers: [{ name: 'i', securityContext: { runAsUser: 7 } }] }, ['644', undefined]],
    ['everybody\'s where one says none', { containers: [container, { name: 'b', securityContext: { runAsUser: 7 } }] }, ['644', undefined]],
  ])('is %s', (_whose, spec, expected) => {
    expect(of(spec)).toEqual(expected);
  });
});

describe('files of a Secret', () => {
  it('are its decoded values', () => {
    expect(shown(secretFiles({ ...source, name: 'login', mode: 0o400 }, 'shop', state))).toEqual({ user: ['ada', '400'] });
  });

  it('fail in the kubelet\'s words', () => {
    expect(() => secretFiles({ ...source, name: 'gone' }, 'shop', state)).toThrow('secret "gone" not found');
    expect(() => secretFiles({ ...source, name: 'login', items: [{ key: 'x', path: 'x' }] }, 'shop', state)).toThrow('references non-existent secret key: x');
  });
});

describe('files of the downward API', () => {
  it('are fields and resources', () => {
    const pod = { metadata: { name: 'p', labels: { app: 'web' } }, spec: { containers: [{ name: 'main', resources: { limits: { cpu: '500m' } } }] } };
    const facts = { nodeName: 'n', hostIPs: [], podIPs: [], allocatable: {} };
    const items = [
      { path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } },
      { path: 'cpu', mode: 0o600, resourceFieldRef: { containerName: 'main', resource: 'limits.cpu', divisor: '1m' } },
    ];
    expect(shown(downwardFiles(items, 0o644, pod, facts))).toEqual({ labels: ['app="web"', '644'], cpu: ['500', '600'] });
  });
});
