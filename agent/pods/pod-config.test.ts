import { describe, expect, it } from 'vitest';
import type { BoardNetwork } from '../../api/messaging/messages.ts';
import type { ImageInfo } from '../container-runtime/container-runtime.ts';
import { makeContainer, makePod } from '../testing/pod-builders.ts';
import { makeContainerConfig } from './container-config.ts';
import { parseResolvConf, podDns } from './dns-config.ts';
import { containerResources, oomScoreAdjust, qosClass } from './quality-of-service.ts';
import { makeSandboxConfig } from './sandbox-config.ts';

const network: BoardNetwork = { podCIDR: '198.18.1.0/24', clusterCIDR: '198.18.0.0/16', serviceCIDR: '198.19.0.0/16', dnsAddress: '198.19.0.10', clusterDomain: 'cluster.local' };
const board = parseResolvConf('# comment\nnameserver 203.0.113.2\nsearch home. lan\noptions timeout:1\n');
const image: ImageInfo = { id: 'sha256:1', tags: [], digests: [], sizeBytes: 1, user: '' };
const parts = { kind: 'container' as const, attempt: 0, image, environment: [], command: undefined, args: undefined, mounts: [], boardMemoryBytes: 1000 };

describe('podDns', () => {
  const searches = ['default.svc.cluster.local', 'svc.cluster.local', 'cluster.local', 'home', 'lan'];
  it.each([
    ['ClusterFirst', {}, { servers: ['198.19.0.10'], searches, options: ['ndots:5'] }],
    ['ClusterFirst on the host network', { hostNetwork: true }, board],
    ['ClusterFirstWithHostNet', { hostNetwork: true, dnsPolicy: 'ClusterFirstWithHostNet' }, { servers: ['198.19.0.10'], searches, options: ['ndots:5'] }],
    ['Default', { dnsPolicy: 'Default' }, board],
    ['None', { dnsPolicy: 'None', dnsConfig: { nameservers: ['203.0.113.9'], searches: ['x'], options: [{ name: 'edns0' }] } }, { servers: ['203.0.113.9'], searches: ['x'], options: ['edns0'] }],
    ['with options of its own', { dnsConfig: { options: [{ name: 'ndots', value: '2' }], searches: ['x'] } }, { servers: ['198.19.0.10'], searches: [...searches, 'x'], options: ['ndots:2'] }],
  ])('%s', (_title, spec, expected) => expect(podDns(makePod(spec), board, network)).toEqual(expected));
});

describe('makeSandboxConfig', () => {
  const sources = { attempt: 0, boardName: 'pi-1', boardDns: board, network };

  it('takes host name, aliases, sysctls and host ports from the pod', () => {
    const config = makeSandboxConfig(makePod({
      hostname: 'db', subdomain: 'data', hostAliases: [{ ip: '203.0.113.1', hostnames: ['a'] }], securityContext: { sysctls: [{ name: 'net.a', value: '1' }] },
      containers: [makeContainer('main', { ports: [{ containerPort: 80 }, { containerPort: 53, hostPort: 5353, protocol: 'UDP' }] })],
    }), sources);
    expect(config).toMatchObject({
      hostname: 'db', fullyQualifiedName: 'db.data.default.svc.cluster.local', hostAliases: [{ ip: '203.0.113.1', hostnames: ['a'] }], sysctls: { 'net.a': '1' },
      ports: [{ containerPort: 53, hostPort: 5353, protocol: 'UDP' }],
    });
  });

  it('cuts a long name to a host name, and uses the board\'s on its network', () => {
    const name = `${'a'.repeat(62)}.bcd`;
    expect(makeSandboxConfig(makePod({}, { name }), sources).hostname).toBe('a'.repeat(62));
    expect(makeSandboxConfig(makePod({ hostNetwork: true }), sources).hostname).toBe('pi-1');
  });
});

describe('makeContainerConfig', () => {
  const secure = (container: object, pod: object = {}, user = '') => makeContainerConfig(
    makePod({ securityContext: pod }), makeContainer('main', { securityContext: container }), { ...parts, image: { ...image, user } },
  ).security;

  it.each([
    ['nothing', {}, {}, undefined], ['user of the pod', {}, { runAsUser: 5 }, '5'], ['user of the container', { runAsUser: 6 }, { runAsUser: 5 }, '6'],
    ['group', { runAsUser: 6, runAsGroup: 7 }, {}, '6:7'], ['group alone', { runAsGroup: 7 }, {}, '0:7'],
  ])('runs as %s', (_title, container, pod, user) => expect(secure(container, pod).user).toBe(user));

  it('adds fsGroup to the groups and knows the defaults', () => {
    expect(secure({}, { fsGroup: 3, supplementalGroups: [1, 3] })).toMatchObject({ supplementalGroups: [1, 3], allowPrivilegeEscalation: true, privileged: false, seccompUnconfined: false });
    expect(secure({ seccompProfile: { type: 'Unconfined' }, allowPrivilegeEscalation: false, capabilities: { add: ['X'], drop: ['Y'] } })).toMatchObject({
      seccompUnconfined: true, allowPrivilegeEscalation: false, addCapabilities: ['X'], dropCapabilities: ['Y'],
    });
  });

  const where = '(pod: "web_default(uid-web)", container: main)';
  it.each([
    [{ runAsNonRoot: true, runAsUser: 0 }, '', `container's runAsUser breaks non-root policy ${where}`],
    [{ runAsNonRoot: true }, '', `container has runAsNonRoot and image will run as root ${where}`],
    [{ runAsNonRoot: true }, '0:0', `container has runAsNonRoot and image will run as root ${where}`],
    [{ runAsNonRoot: true }, 'node', `container has runAsNonRoot and image has non-numeric user (node), cannot verify user is non-root ${where}`],
  ])('refuses %j with the image user %j', (container, user, message) => {
    expect(() => secure(container, {}, user)).toThrow(expect.objectContaining({ reason: 'CreateContainerConfigError', message }) as Error);
  });

  it('accepts a number that is not root', () => {
    expect(() => secure({ runAsNonRoot: true }, {}, '1000')).not.toThrow();
    expect(() => secure({ runAsNonRoot: true, runAsUser: 5 }, {}, 'node')).not.toThrow();
  });
});

describe('quality of service', () => {
  const pod = (...resources: object[]) => makePod({ containers: resources.map((each, index) => makeContainer(`c${index}`, { resources: each })) });
  const full = { limits: { cpu: '1', memory: '100' }, requests: { cpu: '1', memory: '100' } };

  it.each([
    ['BestEffort', pod({}, {})], ['Guaranteed', pod(full, { limits: { cpu: '1', memory: '1' } })], ['Burstable', pod(full, {})],
    ['Burstable', pod({ requests: { cpu: '1m' } })], ['Burstable', pod({ limits: { cpu: '2', memory: '100' }, requests: { cpu: '1', memory: '100' } })],
  ])('%s', (expected, subject) => expect(qosClass(subject)).toBe(expected));

  it('turns CPU into shares and quota', () => {
    const [container] = pod({ limits: { cpu: '250m', memory: '1Ki' }, requests: { cpu: '100m' } }).spec!.containers;
    expect(containerResources(makePod(), container!, 1000)).toMatchObject({ cpuShares: 102, cpuPeriodMicros: 100_000, cpuQuotaMicros: 25_000, memoryBytes: 1024 });
    expect(containerResources(makePod(), makeContainer(), 1000)).toEqual({ cpuShares: 2, oomScoreAdjust: 1000 });
  });

  it.each([[pod({}), 1000], [pod(full), -997], [pod({ requests: { memory: '250' } }), 750], [pod({ requests: { cpu: '1' } }), 999], [pod({ requests: { memory: '999' } }), 3]])('scores %#', (subject, score) => {
    expect(oomScoreAdjust(subject, subject.spec!.containers[0]!, 1000)).toBe(score);
  });
});
