import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { StatusError } from '../errors.ts';
import { applyStrategicMergePatch } from './strategic-merge-patch.ts';

const pod = 'k8s.io.api.core.v1.Pod';
const deployment = 'k8s.io.api.apps.v1.Deployment';
const service = 'k8s.io.api.core.v1.Service';

function containers(...list: object[]) {
  return { spec: { containers: list } };
}

describe('lists', () => {
  test('with a merge key merge by it; new elements come first, as the patch has them before what it does not name', () => {
    const original = containers({ name: 'a', image: 'a:1', env: [{ name: 'X', value: '1' }] }, { name: 'b', image: 'b:1' });
    expect(applyStrategicMergePatch(original, containers({ name: 'a', image: 'a:2', env: [{ name: 'Y', value: '2' }] }), pod))
      .toEqual(containers({ name: 'a', image: 'a:2', env: [{ name: 'Y', value: '2' }, { name: 'X', value: '1' }] }, { name: 'b', image: 'b:1' }));
    expect(applyStrategicMergePatch(original, containers({ name: 'b', image: 'b:2' }, { name: 'c', image: 'c:1' }), pod))
      .toEqual({ spec: { containers: [original.spec.containers[0], { name: 'b', image: 'b:2' }, { name: 'c', image: 'c:1' }] } });
  });

  test('without one are replaced', () => {
    expect(applyStrategicMergePatch(containers({ name: 'a', args: ['x', 'y'] }), containers({ name: 'a', args: ['z'] }), pod)).toEqual(containers({ name: 'a', args: ['z'] }));
  });

  test('of scalars with the merge strategy are sets', () => {
    const original = { metadata: { finalizers: ['a', 'b'] } };
    expect(applyStrategicMergePatch(original, { metadata: { finalizers: ['c', 'a'] } }, pod)).toEqual({ metadata: { finalizers: ['c', 'a', 'b'] } });
    expect(applyStrategicMergePatch(original, { metadata: { '$deleteFromPrimitiveList/finalizers': ['a'] } }, pod)).toEqual({ metadata: { finalizers: ['b'] } });
    expect(applyStrategicMergePatch(original, { metadata: { '$deleteFromPrimitiveList/finalizers': ['b'], finalizers: ['c'], '$setElementOrder/finalizers': ['a', 'c'] } }, pod))
      .toEqual({ metadata: { finalizers: ['a', 'c'] } });
  });

  test('take directives in their elements', () => {
    const original = containers({ name: 'a', image: 'a' }, { name: 'b', image: 'b' });
    expect(applyStrategicMergePatch(original, containers({ name: 'a', $patch: 'delete' }), pod)).toEqual(containers({ name: 'b', image: 'b' }));
    expect(applyStrategicMergePatch(original, containers({ $patch: 'replace' }, { name: 'c', image: 'c' }), pod)).toEqual(containers({ name: 'c', image: 'c' }));
    expect(applyStrategicMergePatch(original, containers({ name: 'a', $patch: 'replace', command: ['x'] }, { name: 'c' }), pod)).toEqual(containers({ name: 'c' }));
  });

  test('come in the order of $setElementOrder; what the server added stays near its place', () => {
    const original = { spec: { containers: [{ name: 'a' }, { name: 'sidecar' }, { name: 'b' }] } };
    const patch = { spec: { '$setElementOrder/containers': [{ name: 'b' }, { name: 'a' }], containers: [{ name: 'b', image: 'b:2' }] } };
    expect(applyStrategicMergePatch(original, patch, pod)).toEqual({ spec: { containers: [{ name: 'sidecar' }, { name: 'b', image: 'b:2' }, { name: 'a' }] } });
    const orderOnly = { spec: { '$setElementOrder/containers': [{ name: 'b' }, { name: 'sidecar' }, { name: 'a' }] } };
    expect(applyStrategicMergePatch(original, orderOnly, pod)).toEqual({ spec: { containers: [{ name: 'b' }, { name: 'sidecar' }, { name: 'a' }] } });
    const noList = { spec: { '$setElementOrder/volumes': [{ name: 'v' }] } };
    expect(applyStrategicMergePatch(original, noList, pod)).toEqual(original);
  });

  test('that the original lacks are taken without directives', () => {
    const patch = { spec: { volumes: [{ name: 'v', emptyDir: {} }, { name: 'w', $patch: 'delete' }], '$setElementOrder/volumes': [{ name: 'v' }] } };
    expect(applyStrategicMergePatch({ spec: {} }, patch, pod)).toEqual({ spec: { volumes: [{ name: 'v', emptyDir: {} }] } });
    expect(applyStrategicMergePatch({}, { spec: { ports: [{ name: 'x' }] } }, service)).toEqual({ spec: { ports: [{ name: 'x' }] } });
  });
});

describe('objects', () => {
  test('merge; null removes; maps merge by key', () => {
    const original = { metadata: { labels: { a: '1', b: '2' } }, spec: { nodeName: 'n', hostNetwork: true } };
    const patch = { metadata: { labels: { a: null, c: '3' }, annotations: { x: null, y: '1' } }, spec: { hostNetwork: null } };
    expect(applyStrategicMergePatch(original, patch, pod)).toEqual({ metadata: { labels: { b: '2', c: '3' }, annotations: { y: '1' } }, spec: { nodeName: 'n' } });
  });

  test('$retainKeys removes what it does not name: a Deployment changes to Recreate', () => {
    const original = { spec: { strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1 } } } };
    const patch = { spec: { strategy: { $retainKeys: ['type'], type: 'Recreate' } } };
    expect(applyStrategicMergePatch(original, patch, deployment)).toEqual({ spec: { strategy: { type: 'Recreate' } } });
  });

  test('$retainKeys swaps the source of a volume', () => {
    const original = { spec: { volumes: [{ name: 'v', emptyDir: {} }] } };
    const patch = { spec: { volumes: [{ $retainKeys: ['name', 'configMap'], name: 'v', configMap: { name: 'm' } }] } };
    expect(applyStrategicMergePatch(original, patch, pod)).toEqual({ spec: { volumes: [{ name: 'v', configMap: { name: 'm' } }] } });
  });

  test('$patch replaces or empties one', () => {
    const original = { spec: { selector: { matchLabels: { a: '1' } }, strategy: { type: 'Recreate' } } };
    expect(applyStrategicMergePatch(original, { spec: { strategy: { $patch: 'replace', rollingUpdate: {} } } }, deployment)).toMatchObject({ spec: { strategy: { rollingUpdate: {} } } });
    expect(applyStrategicMergePatch(original, { spec: { selector: { $patch: 'delete' } } }, deployment)).toEqual({ spec: { selector: {}, strategy: { type: 'Recreate' } } });
  });

  test('patchStrategy replace takes the patch as it is', () => {
    const budget = 'k8s.io.api.policy.v1.PodDisruptionBudget';
    expect(applyStrategicMergePatch({ spec: { selector: { matchLabels: { a: '1' } } } }, { spec: { selector: { matchLabels: { b: '2' } } } }, budget)).toEqual({ spec: { selector: { matchLabels: { b: '2' } } } });
  });
});

describe('what kubectl sends', () => {
  test('kubectl set image', () => {
    const original = { spec: { template: containers({ name: 'web', image: 'web:1', ports: [{ containerPort: 80, protocol: 'TCP' }] }) } };
    const patch = { spec: { template: { spec: { '$setElementOrder/containers': [{ name: 'web' }], containers: [{ image: 'web:2', name: 'web' }] } } } };
    expect(applyStrategicMergePatch(original, patch, deployment)).toEqual({ spec: { template: containers({ name: 'web', image: 'web:2', ports: [{ containerPort: 80, protocol: 'TCP' }] }) } });
  });

  test('kubectl taint and cordon', () => {
    const node = 'k8s.io.api.core.v1.Node';
    expect(applyStrategicMergePatch({ spec: { taints: [{ key: 'a', effect: 'NoSchedule' }] } }, { spec: { taints: [{ key: 'b', effect: 'NoExecute' }] } }, node)).toEqual({ spec: { taints: [{ key: 'b', effect: 'NoExecute' }] } });
    expect(applyStrategicMergePatch({ spec: {} }, { spec: { unschedulable: true } }, node)).toEqual({ spec: { unschedulable: true } });
  });

  test('a client that patches one condition of a status', () => {
    const original = { status: { conditions: [{ type: 'Ready', status: 'True' }, { type: 'Other', status: 'True' }] } };
    const patch = { status: { $setElementOrder: undefined, '$setElementOrder/conditions': [{ type: 'Ready' }, { type: 'Other' }], conditions: [{ type: 'Ready', status: 'False', reason: 'x' }] } };
    delete patch.status.$setElementOrder;
    expect(applyStrategicMergePatch(original, patch, pod)).toEqual({ status: { conditions: [{ type: 'Ready', status: 'False', reason: 'x' }, { type: 'Other', status: 'True' }] } });
  });

  test('kubectl edit of Service ports', () => {
    const original = { spec: { ports: [{ port: 80, protocol: 'TCP', targetPort: 8080 }] } };
    const patch = { spec: { '$setElementOrder/ports': [{ port: 81 }], ports: [{ port: 81, targetPort: 8080 }, { $patch: 'delete', port: 80 }] } };
    expect(applyStrategicMergePatch(original, patch, service)).toEqual({ spec: { ports: [{ port: 81, targetPort: 8080 }] } });
  });
});

describe('refuses', () => {
  function refusal(patch: object): StatusError {
    try {
      applyStrategicMergePatch({ spec: { containers: [{ name: 'a' }] }, metadata: { finalizers: ['a'] } }, patch, pod);
    } catch (error) {
      return error as StatusError;
    }
    throw new Error('accepted');
  }

  test.each([
    [{ spec: { $retainKeys: ['x'], y: 1 } }, 422, "patch content doesn't match retainKeys list"],
    [containers({ image: 'x' }), 422, 'map: {"image":"x"} does not contain declared merge key: name'],
    [containers(['x']), 422, 'lists of lists are not supported'],
    [containers({ name: 'a', $patch: 'merge' }), 422, 'merging lists cannot yet be specified in the patch'],
    [{ spec: { containers: ['x'] } }, 422, 'a list element is no map: "x"'],
    [{ spec: { '$setElementOrder/containers': [{ name: 'b' }, { name: 'a' }], containers: [{ name: 'a' }, { name: 'b' }] } }, 422, "doesn't match $setElementOrder list"],
  ])('%j', (patch, code, why) => {
    const error = refusal(patch);
    expect(error.code).toBe(code);
    expect(error.status.details?.causes?.[0]?.message).toContain(why);
  });

  test.each([
    [{ spec: { $patch: 'spam' } }, 'unknown patch type: spam'],
    [containers({ name: 'a', $patch: 'spam' }), 'unknown patch type: "spam"'],
    [{ spec: { $retainKeys: 'x' } }, 'invalid patch format of retainKeys'],
    [{ spec: { '$setElementOrder/containers': 'x' } }, 'invalid patch format of setElementOrder list'],
    [{ metadata: { '$deleteFromPrimitiveList/finalizers': 'x' } }, 'invalid patch format of primitive list'],
    [JSON.parse('{"metadata":{"labels":{"__proto__":"x"}}}') as object, 'key "__proto__" is not supported'],
  ])('%j', (patch, message) => {
    const error = refusal(patch);
    expect(error.code).toBe(400);
    expect(error.message).toContain(message);
  });
});

test('any patch of containers is idempotent, keeps names unique and leaves the original alone', () => {
  const container = fc.record({ name: fc.constantFrom('a', 'b', 'c', 'd'), image: fc.option(fc.constantFrom('x', 'y')), args: fc.array(fc.constantFrom('1', '2'), { maxLength: 2 }) }, { requiredKeys: ['name'] });
  const list = fc.uniqueArray(container, { selector: ({ name }) => name, maxLength: 4 });
  fc.assert(fc.property(list, list, (before, changes) => {
    const original = containers(...before);
    const copy = structuredClone(original);
    const once = applyStrategicMergePatch(original, containers(...changes), pod) as ReturnType<typeof containers>;
    expect(applyStrategicMergePatch(once, containers(...changes), pod)).toEqual(once);
    expect(original).toEqual(copy);
    const names = once.spec.containers.map((element) => (element as { name: string }).name);
    expect(names.toSorted()).toEqual([...new Set([...before, ...changes].map(({ name }) => name))].toSorted());
    // The elements of the patch come in its order.
    expect(names.filter((name) => changes.some((change) => change.name === name))).toEqual(changes.map(({ name }) => name));
  }));
});
