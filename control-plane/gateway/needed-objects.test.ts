import { describe, expect, it } from 'vitest';
import type { PodSpec } from '../../api/core.ts';
import { isServiceNeeded, objectsNeededBy } from './needed-objects.ts';

const container = { name: 'c' };

describe('objectsNeededBy', () => {
  const cases: { title: string; spec: Partial<PodSpec>; configMaps?: string[]; secrets?: string[] }[] = [
    { title: 'nothing', spec: {} },
    {
      title: 'variables', configMaps: ['ns/a'], secrets: ['ns/b'],
      spec: { containers: [{ ...container, env: [{ name: 'A', valueFrom: { configMapKeyRef: { name: 'a', key: 'k' } } }, { name: 'B', valueFrom: { secretKeyRef: { name: 'b', key: 'k' } } }, { name: 'C', value: 'c' }] }] },
    },
    {
      title: 'envFrom of init containers, also optional', configMaps: ['ns/a'], secrets: ['ns/b'],
      spec: { initContainers: [{ ...container, envFrom: [{ configMapRef: { name: 'a', optional: true } }, { secretRef: { name: 'b' } }] }] },
    },
    {
      title: 'volumes', configMaps: ['ns/a'], secrets: ['ns/b'],
      spec: { volumes: [{ name: 'a', configMap: { name: 'a' } }, { name: 'b', secret: { secretName: 'b' } }, { name: 'c', emptyDir: {} }] },
    },
    {
      title: 'projected volumes', configMaps: ['ns/a'], secrets: ['ns/b'],
      spec: { volumes: [{ name: 'v', projected: { sources: [{ configMap: { name: 'a' } }, { secret: { name: 'b' } }, { downwardAPI: {} }] } }] },
    },
    { title: 'image pull secrets', secrets: ['ns/b'], spec: { imagePullSecrets: [{ name: 'b' }] } },
  ];
  for (const { title, spec, configMaps = [], secrets = [] } of cases) {
    it(`finds ${title}`, () => {
      const needed = objectsNeededBy([{ metadata: { namespace: 'ns', name: 'p' }, spec: { containers: [container], ...spec } }]);
      expect({ configMaps: [...needed.configMaps], secrets: [...needed.secrets], namespaces: [...needed.namespaces] }).toEqual({ configMaps, secrets, namespaces: ['ns'] });
    });
  }
});

describe('isServiceNeeded', () => {
  const needed = objectsNeededBy([{ metadata: { namespace: 'ns', name: 'p' }, spec: { containers: [container] } }]);
  it.each([
    ['of a namespace with pods', 'ns', 'web', true],
    ['of another namespace', 'other', 'web', false],
    ['that is the API server, for pods of every namespace', 'default', 'kubernetes', true],
    ['beside the API server', 'default', 'web', false],
    ['of that name elsewhere', 'other', 'kubernetes', false],
  ])('knows one %s', (_, namespace, name, expected) => {
    expect(isServiceNeeded(needed, { metadata: { namespace, name } })).toBe(expected);
  });

  it('needs none without pods', () => {
    expect(isServiceNeeded(objectsNeededBy([]), { metadata: { namespace: 'default', name: 'kubernetes' } })).toBe(false);
  });
});
