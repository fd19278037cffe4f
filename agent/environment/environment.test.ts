import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Container, Pod } from '../../api/core.ts';
import { InMemoryDesiredState } from '../testing/in-memory-desired-state.ts';
import { makeEnvironment } from './environment.ts';

const base64 = (text: string) => Buffer.from(text).toString('base64');

function environmentOf(container: Partial<Container>, spec: Partial<NonNullable<Pod['spec']>> = {}) {
  const state = new InMemoryDesiredState();
  state.put(
    { kind: 'ConfigMap', object: { metadata: { namespace: 'shop', name: 'settings' }, data: { COLOR: 'red', 'log-level': 'debug', CHAIN: '$(COLOR)' } } },
    { kind: 'Secret', object: { metadata: { namespace: 'shop', name: 'login' }, data: { user: base64('ada'), COLOR: base64('blue') } } },
    { kind: 'Service', object: { metadata: { namespace: 'default', name: 'kubernetes' }, spec: { clusterIP: '198.19.0.1', ports: [{ port: 443 }] } } },
  );
  const full: Container = { name: 'main', ...container };
  const pod: Pod = { metadata: { name: 'web-0', namespace: 'shop', uid: 'u-1' }, spec: { containers: [full], ...spec } };
  const made = makeEnvironment(pod, full, { state, nodeName: 'pi-1', hostIPs: ['203.0.113.5'], podIPs: ['198.18.1.7'], allocatable: { cpu: '4' } });
  return { ...made, get: (name: string) => made.variables.get(name) };
}

describe('makeEnvironment', () => {
  it('gives literals with references to what came before expanded', () => {
    const made = environmentOf({ env: [{ name: 'A', value: '1' }, { name: 'B', value: '$(A)$(LATER)$(KUBERNETES_SERVICE_HOST)' }, { name: 'LATER', value: 'x' }] });
    expect(made.get('B')).toBe('1$(LATER)198.19.0.1');
    expect(made.errors).toEqual([]);
  });

  it('imports ConfigMaps and Secrets with a prefix, later ones winning, env winning over all', () => {
    const made = environmentOf({
      envFrom: [{ configMapRef: { name: 'settings' } }, { secretRef: { name: 'login' } }, { prefix: 'P_', configMapRef: { name: 'settings' } }],
      env: [{ name: 'user', value: 'grace' }],
    });
    expect(made.get('COLOR')).toBe('blue');
    expect(made.get('user')).toBe('grace');
    expect(made.get('P_COLOR')).toBe('red');
    expect(made.get('log-level')).toBe('debug');
    expect(made.get('CHAIN')).toBe('$(COLOR)');
    expect(made.environment.filter((entry) => entry.startsWith('user='))).toEqual(['user=grace']);
  });

  it('takes single keys and fields', () => {
    const made = environmentOf({
      resources: { limits: { cpu: '500m' } },
      env: [
        { name: 'FROM_MAP', valueFrom: { configMapKeyRef: { name: 'settings', key: 'COLOR' } } },
        { name: 'FROM_SECRET', valueFrom: { secretKeyRef: { name: 'login', key: 'user' } } },
        { name: 'IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
        { name: 'CPU', valueFrom: { resourceFieldRef: { resource: 'limits.cpu', divisor: '1m' } } },
      ],
    });
    expect([made.get('FROM_MAP'), made.get('FROM_SECRET'), made.get('IP'), made.get('CPU')]).toEqual(['red', 'ada', '198.18.1.7', '500']);
  });

  it.each([
    [{ envFrom: [{ configMapRef: { name: 'gone' } }] }, 'configmap "gone" not found'],
    [{ envFrom: [{ secretRef: { name: 'gone' } }] }, 'secret "gone" not found'],
    [{ env: [{ name: 'X', valueFrom: { configMapKeyRef: { name: 'gone', key: 'k' } } }] }, 'configmap "gone" not found'],
    [{ env: [{ name: 'X', valueFrom: { configMapKeyRef: { name: 'settings', key: 'k' } } }] }, "couldn't find key k in ConfigMap shop/settings"],
    [{ env: [{ name: 'X', valueFrom: { secretKeyRef: { name: 'gone', key: 'k' } } }] }, 'secret "gone" not found'],
    [{ env: [{ name: 'X', valueFrom: { secretKeyRef: { name: 'login', key: 'toString' } } }] }, "couldn't find key toString in Secret shop/login"],
    [{ env: [{ name: 'X', valueFrom: { fieldRef: { fieldPath: 'spec.bad' } } }] }, 'unsupported fieldPath: spec.bad'],
  ] as [Partial<Container>, string][])('names what is missing: %j', (container, message) => {
    expect(environmentOf(container).errors).toEqual([message]);
  });

  it('leaves out what is optional and missing', () => {
    const made = environmentOf({
      envFrom: [{ configMapRef: { name: 'gone', optional: true } }, { secretRef: { name: 'gone', optional: true } }],
      env: [
        { name: 'A', valueFrom: { configMapKeyRef: { name: 'gone', key: 'k', optional: true } } },
        { name: 'B', valueFrom: { configMapKeyRef: { name: 'settings', key: 'k', optional: true } } },
        { name: 'C', valueFrom: { secretKeyRef: { name: 'gone', key: 'k', optional: true } } },
        { name: 'D', valueFrom: { secretKeyRef: { name: 'login', key: 'k', optional: true } } },
      ],
    });
    expect(made.errors).toEqual([]);
    expect([...made.variables.keys()].filter((name) => !name.startsWith('KUBERNETES_'))).toEqual([]);
  });

  it('skips imported names that no process can have and says so', () => {
    const made = environmentOf({ envFrom: [{ prefix: 'a=', configMapRef: { name: 'settings' } }] });
    expect(made.get('a=COLOR')).toBeUndefined();
    expect(made.skipped).toEqual(['Keys [a=CHAIN, a=COLOR, a=log-level] from the EnvFrom configMap shop/settings were skipped since they are considered invalid environment variable names.']);
  });

  it('has the API server\'s variables even without service links, and lets env replace them', () => {
    const made = environmentOf({ env: [{ name: 'KUBERNETES_SERVICE_PORT', value: '1' }] }, { enableServiceLinks: false });
    expect(made.get('KUBERNETES_SERVICE_HOST')).toBe('198.19.0.1');
    expect(made.get('KUBERNETES_SERVICE_PORT')).toBe('1');
  });

  it('names each variable once, with the value declared last', () => {
    const variable = fc.record({ name: fc.constantFrom('A', 'B', 'C'), value: fc.stringMatching(/^[a-z]{1,5}$/) });
    fc.assert(fc.property(fc.array(variable), (env) => {
      const made = environmentOf({ env });
      const names = made.environment.map((entry) => entry.slice(0, entry.indexOf('=')));
      expect(new Set(names).size).toBe(names.length);
      for (const { name } of env) expect(made.get(name)).toBe(env.findLast((one) => one.name === name)!.value);
    }));
  });
});
