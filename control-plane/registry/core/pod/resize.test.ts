import { describe, expect, it } from 'vitest';
import type { Pod } from '../../../../api/core.ts';
import { pods } from '../../../../api/resources.ts';
import { refusal } from '../../testing/refusal.ts';
import { createTestRegistry } from '../../testing/test-registry.ts';

type Amounts = Record<string, string>;

const container = (name: string, resources: { requests?: Amounts; limits?: Amounts } = {}, more: object = {}) => ({ name, image: 'image:1', resources, ...more });
const burstable = container('c', { requests: { cpu: '100m', memory: '64Mi' }, limits: { cpu: '200m', memory: '128Mi' } });

/** @returns the pod after the change through `resize`. */
async function resize(spec: object, change: (pod: Pod) => unknown, prepared: (pod: Pod) => unknown = (pod) => pod): Promise<Pod> {
  const { registry, context } = await createTestRegistry();
  const store = registry.of(pods);
  await store.create(context, 'default', { metadata: { name: 'p' }, spec } as never);
  await store.update(context, { name: 'p', namespace: 'default', subresource: 'status', change: (pod) => prepared(pod) as Pod });
  return store.update(context, { name: 'p', namespace: 'default', subresource: 'resize', change: (pod) => change(pod) as Pod });
}

function withContainers(...containers: object[]) {
  return (pod: Pod) => ({ ...pod, spec: { ...pod.spec, containers } });
}

async function problems(spec: object, change: (pod: Pod) => unknown, prepared?: (pod: Pod) => unknown): Promise<string[]> {
  const error = await refusal(resize(spec, change, prepared));
  return (error.status.details?.causes ?? []).map(({ field, message }) => `${field}: ${message}`);
}

describe('resize', () => {
  it('changes cpu, memory and the policies, nothing else, and counts a generation', async () => {
    const wanted = { ...burstable, image: 'other:2', resources: { requests: { cpu: '150m', memory: '32Mi' }, limits: { cpu: '300m', memory: '96Mi' } } };
    const pod = await resize({ containers: [burstable] }, (old) => ({ ...withContainers(wanted)(old), metadata: { ...old.metadata, labels: { a: 'b' } } }));
    expect(pod.spec?.containers).toMatchObject([{ image: 'image:1', resources: wanted.resources }]);
    expect(pod.metadata).toMatchObject({ generation: 2 });
    expect(pod.metadata?.labels).toBeUndefined();
  });

  it('may add a limit where there was a request', async () => {
    const pod = await resize({ containers: [container('c', { requests: { cpu: '100m' } })] }, withContainers(container('c', { requests: { cpu: '100m' }, limits: { cpu: '1' } })));
    expect(pod.spec?.containers[0]?.resources).toEqual({ requests: { cpu: '100m' }, limits: { cpu: '1' } });
  });

  it.each<[string, object, object[], string[]]>([
    ['an amount is left out', { containers: [burstable] }, [container('c', { requests: { cpu: '100m', memory: '64Mi' }, limits: { cpu: '200m' } })], ['spec.containers[0].resources.limits: Forbidden: resource limits cannot be removed']],
    ['the class changes', { containers: [burstable] }, [container('c', { requests: { cpu: '200m', memory: '128Mi' }, limits: { cpu: '200m', memory: '128Mi' } })], ['spec: Invalid value: "Burstable": Pod QOS Class may not change as a result of resizing']],
    ['a request exceeds its limit', { containers: [burstable] }, [container('c', { requests: { cpu: '300m', memory: '64Mi' }, limits: { cpu: '200m', memory: '128Mi' } })], ['spec.containers[0].resources.requests: Invalid value: "300m": must be less than or equal to cpu limit of 200m']],
    ['disk is meant', { containers: [burstable] }, [container('c', { requests: { ...burstable.resources.requests, 'ephemeral-storage': '1Gi' }, limits: { ...burstable.resources.limits } })], ['spec: Forbidden: only cpu and memory resources are mutable']],
    ['containers change places', { containers: [burstable, { ...burstable, name: 'd' }] }, [{ ...burstable, name: 'd' }, burstable], [
      'spec.containers[0].name: Forbidden: containers may not be renamed or reordered on resize', 'spec.containers[1].name: Forbidden: containers may not be renamed or reordered on resize',
    ]],
    ['a container comes along', { containers: [burstable] }, [burstable, { ...burstable, name: 'd' }], ['spec.containers: Forbidden: containers may not be added or removed on resize']],
    ['the pod is one of Windows', { containers: [burstable], os: { name: 'windows' } }, [burstable], ['[]: Forbidden: windows pods cannot be resized']],
  ])('is refused when %s', async (_why, spec, containers, expected) => {
    expect(await problems(spec, withContainers(...containers))).toEqual(expected);
  });

  it('leaves init containers alone unless they run on', async () => {
    const spec = { containers: [burstable], initContainers: [container('once', { requests: { cpu: '1m' } }), container('sidecar', { requests: { cpu: '1m' } }, { restartPolicy: 'Always' })] };
    const change = (name: string) => (pod: Pod) => ({
      ...pod, spec: { ...pod.spec, initContainers: pod.spec!.initContainers!.map((own) => (own.name === name ? { ...own, resources: { requests: { cpu: '2m' } } } : own)) },
    });
    expect(await problems(spec, change('once'))).toEqual(['spec: Forbidden: resources for non-sidecar init containers are immutable']);
    expect((await resize(spec, change('sidecar'))).spec?.initContainers?.[1]?.resources).toEqual({ requests: { cpu: '2m' } });
  });

  it('is refused while the pod runs on a board that does not report resources', async () => {
    const running = (pod: Pod) => ({ ...pod, status: { ...pod.status, containerStatuses: [{ name: 'c', image: 'image:1', imageID: '', ready: true, restartCount: 0, state: { running: {} } }] } });
    const wanted = container('c', { requests: { cpu: '150m', memory: '64Mi' }, limits: { cpu: '200m', memory: '128Mi' } });
    expect(await problems({ containers: [burstable] }, withContainers(wanted), running)).toEqual(['spec: Forbidden: Pod running on node without support for resize']);
  });
});
