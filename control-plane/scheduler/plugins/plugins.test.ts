import { describe, expect, it } from 'vitest';
import type { Affinity, Pod } from '../../../api/core.ts';
import { FitError } from '../framework/fit-error.ts';
import { SchedulingRuntime } from '../framework/runtime.ts';
import { makeCluster, makeNodeInfo, makePod, type NodeOptions } from '../testing/builders.ts';
import { defaultProfile } from './registry.ts';
import type { NodeInfo } from '../cache/node-info.ts';

const runtime = new SchedulingRuntime({ profile: defaultProfile, random: () => 0 });

function schedule(pod: Pod, ...nodes: NodeInfo[]): string {
  const result = runtime.schedule(pod, makeCluster(...nodes));
  return result instanceof FitError ? result.message : result.name;
}

const helpless = 'no new claims to deallocate, preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.';
const victimless = 'no new claims to deallocate, preemption: 0/1 nodes are available: 1 No preemption victims found for incoming pod.';

describe('a pod that fits nowhere', () => {
  const cases: { title: string; pod: Pod; node?: NodeOptions; pods?: Pod[]; reason: string; preemption: string }[] = [
    { title: 'another node by name', pod: makePod('p', { spec: { nodeName: 'other' } }), reason: 'node(s) didn\'t match the requested node name', preemption: helpless },
    { title: 'cordoned', pod: makePod('p'), node: { unschedulable: true }, reason: 'node(s) were unschedulable', preemption: helpless },
    { title: 'tainted', pod: makePod('p'), node: { taints: [{ key: 'a', effect: 'NoExecute' }] }, reason: 'node(s) had untolerated taint(s)', preemption: helpless },
    { title: 'selector', pod: makePod('p', { spec: { nodeSelector: { disk: 'ssd' } } }), reason: 'node(s) didn\'t match Pod\'s node affinity/selector', preemption: helpless },
    {
      title: 'ports', pod: makePod('p', { spec: { containers: [{ name: 'c', ports: [{ containerPort: 80, hostPort: 80 }] }] } }),
      pods: [makePod('q', { spec: { containers: [{ name: 'c', ports: [{ containerPort: 80, hostPort: 80, hostIP: '127.0.0.1' }] }] } })],
      reason: 'node(s) didn\'t have free ports for the requested pod ports', preemption: victimless,
    },
    { title: 'too big for the node', pod: makePod('p', { requests: { cpu: '5' } }), reason: 'Insufficient cpu', preemption: helpless },
    { title: 'no room left', pod: makePod('p', { requests: { memory: '3Gi' } }), pods: [makePod('q', { requests: { memory: '2Gi' } })], reason: 'Insufficient memory', preemption: victimless },
    { title: 'no place left', pod: makePod('p'), node: { allocatable: { pods: '1' } }, pods: [makePod('q')], reason: 'Too many pods', preemption: victimless },
    { title: 'extended resource', pod: makePod('p', { requests: { 'example.com/gpio': '1' } }), reason: 'Insufficient example.com/gpio', preemption: helpless },
    {
      title: 'missing topology label', reason: 'node(s) didn\'t match pod topology spread constraints (missing required label)', preemption: helpless,
      pod: makePod('p', { spec: { topologySpreadConstraints: [{ maxSkew: 1, topologyKey: 'rack', whenUnsatisfiable: 'DoNotSchedule', labelSelector: {} }] } }),
    },
  ];
  for (const { title, pod, node, pods, reason, preemption } of cases) {
    it(`says so: ${title}`, () => {
      expect(schedule(pod, makeNodeInfo('pi-1', node, pods))).toBe(`0/1 nodes are available: 1 ${reason}. ${preemption}`);
    });
  }

  it('says so when there is no node', () => {
    expect(schedule(makePod('p'))).toBe('no nodes available to schedule pods');
  });

  it('counts and sorts the reasons of many nodes', () => {
    const nodes = [makeNodeInfo('a', { unschedulable: true }), makeNodeInfo('b', { allocatable: { cpu: '1' } }), makeNodeInfo('c', { allocatable: { cpu: '1' } })];
    expect(schedule(makePod('p', { requests: { cpu: '2' } }), ...nodes)).toBe('0/3 nodes are available: 1 node(s) were unschedulable, 2 Insufficient cpu. '
      + 'no new claims to deallocate, preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.');
  });
});

describe('tolerations', () => {
  const tainted = makeNodeInfo('pi-1', { taints: [{ key: 'a', value: 'x', effect: 'NoSchedule' }] });
  for (const [toleration, fits] of [
    [{ operator: 'Exists' }, true], [{ key: 'a', operator: 'Exists' }, true], [{ key: 'a', value: 'x' }, true],
    [{ key: 'a', value: 'y' }, false], [{ key: 'a', value: 'x', effect: 'NoExecute' }, false], [{ value: 'x' }, false],
  ] as const) {
    it(`${JSON.stringify(toleration)} ${fits ? 'suffices' : 'does not suffice'}`, () => {
      expect(schedule(makePod('p', { spec: { tolerations: [toleration] } }), tainted) === 'pi-1').toBe(fits);
    });
  }
});

describe('node affinity', () => {
  const node = makeNodeInfo('pi-1', { labels: { cores: '4', arch: 'arm64' } });
  const required = (key: string, operator: string, values?: string[]): Affinity => ({
    nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions: [{ key, operator, ...(values ? { values } : {}) }] }] } },
  });
  for (const [key, operator, values, fits] of [
    ['arch', 'In', ['arm', 'arm64'], true], ['arch', 'NotIn', ['arm64'], false], ['gpu', 'NotIn', ['x'], true], ['arch', 'Exists', undefined, true],
    ['arch', 'DoesNotExist', undefined, false], ['cores', 'Gt', ['3'], true], ['cores', 'Gt', ['4'], false], ['cores', 'Lt', ['5'], true], ['arch', 'Gt', ['1'], false],
  ] as const) {
    it(`${key} ${operator} ${String(values)} is ${fits}`, () => {
      expect(schedule(makePod('p', { affinity: required(key, operator, values && [...values]) }), node) === 'pi-1').toBe(fits);
    });
  }

  it('prefers the node with more weight', () => {
    const preferred = (value: string, weight: number) => ({ weight, preference: { matchExpressions: [{ key: 'zone', operator: 'In', values: [value] }] } });
    const pod = makePod('p', { affinity: { nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [preferred('a', 10), preferred('b', 90)] } } });
    expect(schedule(pod, makeNodeInfo('in-a', { labels: { zone: 'a' } }), makeNodeInfo('in-b', { labels: { zone: 'b' } }))).toBe('in-b');
  });
});

describe('requests', () => {
  it('are those of the hungriest init container where that is more', () => {
    const pod = makePod('p', { requests: { cpu: '1' }, spec: {} });
    pod.spec!.initContainers = [{ name: 'init', resources: { requests: { cpu: '5' } } }];
    expect(schedule(pod, makeNodeInfo('pi-1'))).toContain('Insufficient cpu');
  });

  it('count sidecars beside containers, and overhead', () => {
    const pod = makePod('p', { requests: { cpu: '2' }, spec: { overhead: { cpu: '1' } } });
    pod.spec!.initContainers = [{ name: 'sidecar', restartPolicy: 'Always', resources: { requests: { cpu: '1' } } }];
    expect(schedule(pod, makeNodeInfo('pi-1'))).toBe('pi-1');
    expect(schedule(pod, makeNodeInfo('pi-1', {}, [makePod('q', { requests: { cpu: '1m' } })]))).toContain('Insufficient cpu');
  });
});

describe('pod affinity', () => {
  const term = (app: string, topologyKey = 'zone') => ({ labelSelector: { matchLabels: { app } }, topologyKey });
  const zones = (pods: { a?: Pod[]; b?: Pod[] }) => [makeNodeInfo('a', { labels: { zone: 'a' } }, pods.a), makeNodeInfo('b', { labels: { zone: 'b' } }, pods.b)];
  const database = makePod('database', { labels: { app: 'database' } });

  it('puts a pod where its companion is', () => {
    const pod = makePod('p', { affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term('database')] } } });
    expect(schedule(pod, ...zones({ b: [database] }))).toBe('b');
    expect(schedule(pod, ...zones({}))).toContain('2 node(s) didn\'t match pod affinity rules');
  });

  it('lets the first of a group go anywhere', () => {
    const pod = makePod('p', { labels: { app: 'web' }, affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term('web')] } } });
    expect(['a', 'b']).toContain(schedule(pod, ...zones({})));
  });

  it('looks into its own namespace unless others are named', () => {
    const elsewhere = makePod('database', { namespace: 'other', labels: { app: 'database' } });
    const needs = (more: object) => makePod('p', { affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ ...term('database'), ...more }] } } });
    expect(schedule(needs({}), ...zones({ b: [elsewhere] }))).toContain('didn\'t match pod affinity rules');
    expect(schedule(needs({ namespaces: ['other'] }), ...zones({ b: [elsewhere] }))).toBe('b');
    expect(schedule(needs({ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'other' } } }), ...zones({ b: [elsewhere] }))).toBe('b');
  });

  it('keeps away from what it avoids, and from what avoids it', () => {
    const avoids = makePod('p', { labels: { app: 'web' }, affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term('web')] } } });
    expect(schedule(avoids, ...zones({ a: [makePod('q', { labels: { app: 'web' } })] }))).toBe('b');
    expect(schedule(makePod('q', { labels: { app: 'web' } }), ...zones({ a: [avoids] }))).toBe('b');
    expect(schedule(avoids, ...zones({ a: [avoids], b: [makePod('q', { labels: { app: 'web' } })] })))
      .toContain('2 node(s) didn\'t match pod anti-affinity rules. ');
    expect(schedule(makePod('q', { labels: { app: 'web' } }), ...zones({ a: [avoids], b: [avoids] })))
      .toContain('2 node(s) didn\'t satisfy existing pods anti-affinity rules. ');
  });

  it('follows preferences', () => {
    const likes = makePod('p', { affinity: { podAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 100, podAffinityTerm: term('database') }] } } });
    expect(schedule(likes, ...zones({ b: [database] }))).toBe('b');
    const dislikes = makePod('p', { affinity: { podAntiAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 100, podAffinityTerm: term('database') }] } } });
    expect(schedule(dislikes, ...zones({ a: [database] }))).toBe('b');
  });
});

describe('topology spread', () => {
  const spread = (more: object = {}) => makePod('p', {
    labels: { app: 'web' },
    spec: { topologySpreadConstraints: [{ maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'DoNotSchedule', labelSelector: { matchLabels: { app: 'web' } }, ...more }] },
  });
  const web = (count: number) => Array.from({ length: count }, () => makePod('q', { labels: { app: 'web' } }));

  it('does not let one domain run ahead', () => {
    expect(schedule(spread(), makeNodeInfo('a', { labels: { zone: 'a' } }, web(1)), makeNodeInfo('b', { labels: { zone: 'b' } }))).toBe('b');
    expect(schedule(spread(), makeNodeInfo('a', { labels: { zone: 'a' } }, web(2)), makeNodeInfo('b', { labels: { zone: 'b' }, unschedulable: true }, web(1))))
      .toContain('1 node(s) didn\'t match pod topology spread constraints, 1 node(s) were unschedulable. ');
  });

  it('counts missing domains as empty below minDomains', () => {
    expect(schedule(spread({ minDomains: 2 }), makeNodeInfo('a', { labels: { zone: 'a' } }, web(1)))).toContain('didn\'t match pod topology spread constraints');
  });

  it('spreads the pods of an owner by itself', () => {
    const owned = (name: string) => makePod(name, { owner: 'rs' });
    expect(schedule(owned('p'), makeNodeInfo('a', {}, [owned('q')]), makeNodeInfo('b', {}, [makePod('other', { requests: { cpu: '200m' } })]))).toBe('b');
  });
});

describe('scores', () => {
  it('prefer the emptier node', () => {
    expect(schedule(makePod('p'), makeNodeInfo('a', {}, [makePod('q', { requests: { cpu: '3', memory: '3Gi' } })]), makeNodeInfo('b'))).toBe('b');
  });

  it('prefer a node without a PreferNoSchedule taint', () => {
    expect(schedule(makePod('p'), makeNodeInfo('a', { taints: [{ key: 'a', effect: 'PreferNoSchedule' }] }), makeNodeInfo('b'))).toBe('b');
  });

  it('prefer a node that has the image', () => {
    expect(schedule(makePod('p'), makeNodeInfo('a'), makeNodeInfo('b', { images: { 'web:1': 900 * 1024 * 1024 } }))).toBe('b');
  });
});
