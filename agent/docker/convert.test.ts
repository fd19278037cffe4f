import { describe, expect, it } from 'vitest';
import { containerConfig, sandboxConfig } from '../testing/container-builders.ts';
import { containerOutcome, containerSpec, runtimePods, sandboxSpec, type EngineSettings } from './convert.ts';
import type { ContainerDetails, ContainerSummary } from './docker-client.ts';
import { containerLabels, sandboxLabels } from './labels.ts';

const settings: EngineSettings = { agentId: 'me', networkName: 'bramble-me', sandboxImage: 'bramble/pause:1', negativeOomScore: true };
const image = { name: 'app:1', id: 'sha256:app' };

function details(State: Partial<ContainerDetails['State']>): ContainerDetails {
  return { State: { Status: 'exited', ExitCode: 0, Error: '', OOMKilled: false, StartedAt: '2026-01-01T00:00:01.5Z', FinishedAt: '2026-01-01T00:00:02Z', ...State } } as ContainerDetails;
}

function summary(Labels: Record<string, string>, changes: Partial<ContainerSummary>): ContainerSummary {
  return { Id: 'x', ImageID: 'sha256:app', Image: 'sha256:app', Created: 10, State: 'running', Labels, HostConfig: { NetworkMode: 'container:s' }, NetworkSettings: { Networks: {} }, ...changes } as ContainerSummary;
}

describe('sandboxSpec', () => {
  it('owns network and IPC, by a name that cannot be made twice', () => {
    const spec = sandboxSpec(sandboxConfig('u', { attempt: 2, sysctls: { 'net.core.somaxconn': '1' } }), settings);
    expect(spec).toMatchObject({ name: 'bramble_POD_pod-u_default_u_2', Image: 'bramble/pause:1', Hostname: 'pod-u' });
    expect(spec.HostConfig).toMatchObject({ NetworkMode: 'bramble-me', IpcMode: 'shareable', OomScoreAdj: -998, Sysctls: { 'net.core.somaxconn': '1' }, CapDrop: ['ALL'] });
  });

  it('asks for no score that the engine may not set', () => {
    expect(sandboxSpec(sandboxConfig('u'), { ...settings, negativeOomScore: false }).HostConfig).not.toHaveProperty('OomScoreAdj');
  });

  it('uses the namespaces of the board when asked to, and publishes nothing then', () => {
    const spec = sandboxSpec(sandboxConfig('u', { hostNetwork: true, hostPID: true, hostIPC: true, ports: [{ containerPort: 80, hostPort: 80, protocol: 'TCP' }] }), settings);
    expect(spec.HostConfig).toMatchObject({ NetworkMode: 'host', PidMode: 'host', IpcMode: 'host', PortBindings: {} });
    expect(spec).not.toHaveProperty('Hostname');
  });

  it('publishes host ports', () => {
    const ports = [{ containerPort: 53, hostPort: 5353, protocol: 'UDP' as const }, { containerPort: 53, hostPort: 5354, protocol: 'UDP' as const, hostIP: '127.0.0.1' }];
    expect(sandboxSpec(sandboxConfig('u', { ports }), settings).HostConfig?.PortBindings).toEqual({ '53/udp': [{ HostIp: '', HostPort: '5353' }, { HostIp: '127.0.0.1', HostPort: '5354' }] });
  });
});

describe('containerSpec', () => {
  it('joins the sandbox', () => {
    const spec = containerSpec('s', containerConfig('u', image), [], '/f', settings);
    expect(spec.HostConfig).toMatchObject({ NetworkMode: 'container:s', IpcMode: 'container:s' });
    expect(spec.HostConfig).not.toHaveProperty('PidMode');
    expect(containerSpec('s', containerConfig('u', image, { namespaces: { pid: 'pod', ipc: 'host' } }), [], '/f', settings).HostConfig).toMatchObject({ PidMode: 'container:s', IpcMode: 'host' });
  });

  it.each([
    ['neither', {}, {}],
    ['command alone', { command: ['a'] }, { Entrypoint: ['a'], Cmd: [] }],
    ['args alone', { args: ['b'] }, { Cmd: ['b'] }],
    ['both', { command: ['a'], args: ['b'] }, { Entrypoint: ['a'], Cmd: ['b'] }],
  ])('takes entry point and arguments from the image unless given: %s', (_title, given, expected) => {
    const { Entrypoint, Cmd } = containerSpec('s', containerConfig('u', image, given), [], '/f', settings);
    expect({ ...(Entrypoint === undefined ? {} : { Entrypoint }), ...(Cmd === undefined ? {} : { Cmd }) }).toEqual(expected);
  });

  it('mounts, limits and secures', () => {
    const config = containerConfig('u', image, {
      resources: { cpuShares: 10, memoryBytes: 1000, oomScoreAdjust: -997 },
      security: { ...containerConfig('u', image).security, allowPrivilegeEscalation: false, seccompUnconfined: true, dropCapabilities: ['ALL'], addCapabilities: ['NET_ADMIN'] },
    });
    const mounts = [{ hostPath: '/a', containerPath: '/b', readOnly: true }, { hostPath: '/c', containerPath: '/d', readOnly: false, propagation: 'rslave' as const }, { hostPath: '/', containerPath: '/host', readOnly: true, propagation: 'private' as const }];
    expect(containerSpec('s', config, mounts, '/f', settings).HostConfig).toMatchObject({
      Binds: ['/a:/b:ro', '/c:/d:rw,rslave', '/:/host:ro'], Memory: 1000, MemorySwap: 1000, CpuShares: 10, OomScoreAdj: -997,
      SecurityOpt: ['no-new-privileges', 'seccomp=unconfined'], CapAdd: ['NET_ADMIN'], CapDrop: ['ALL'],
    });
  });
});

describe('containerOutcome', () => {
  it.each([
    ['running', { Status: 'running', FinishedAt: '0001-01-01T00:00:00Z' }, { startedAt: Date.parse('2026-01-01T00:00:01.5Z') }],
    ['exited', { ExitCode: 3 }, { startedAt: Date.parse('2026-01-01T00:00:01.5Z'), finishedAt: Date.parse('2026-01-01T00:00:02Z'), exitCode: 3, oomKilled: false }],
    ['never started', { Status: 'created', StartedAt: '0001-01-01T00:00:00Z', FinishedAt: '0001-01-01T00:00:00Z' }, {}],
    ['failed to start', { Status: 'created', Error: 'no', ExitCode: 127, StartedAt: '0001-01-01T00:00:00Z', FinishedAt: '0001-01-01T00:00:00Z' }, { exitCode: 127, error: 'no' }],
  ])('of a container that is %s', (_title, state, expected) => expect(containerOutcome(details(state))).toEqual(expected));
});

describe('runtimePods', () => {
  const sandbox = summary(sandboxLabels('me', sandboxConfig('u', { attempt: 1 })), { Id: 's', HostConfig: { NetworkMode: 'bramble-me' }, NetworkSettings: { Networks: { 'bramble-me': { IPAddress: '198.18.1.2' } } } as never });
  const container = (attempt: number, State: string) => summary(containerLabels('me', containerConfig('u', image, { attempt }), '/f'), { Id: `c${attempt}`, State });

  it('groups by pod, newest first, with what labels and outcomes tell', () => {
    const pods = runtimePods([container(0, 'exited'), sandbox, container(1, 'running')], new Map([['c0', { exitCode: 1, finishedAt: 5 }], ['c1', { startedAt: 7 }]]));
    expect(pods).toEqual([{
      uid: 'u', namespace: 'default', name: 'pod-u',
      sandboxes: [{ id: 's', podUid: 'u', phase: 'running', attempt: 1, ip: '198.18.1.2', createdAt: 10_000 }],
      containers: [
        { id: 'c1', podUid: 'u', sandboxId: 's', name: 'main', kind: 'container', attempt: 1, phase: 'running', specHash: 'hash', image: 'app:1', imageId: 'sha256:app', createdAt: 10_000, startedAt: 7, terminationMessageFile: '/f' },
        { id: 'c0', podUid: 'u', sandboxId: 's', name: 'main', kind: 'container', attempt: 0, phase: 'exited', specHash: 'hash', image: 'app:1', imageId: 'sha256:app', createdAt: 10_000, exitCode: 1, finishedAt: 5, terminationMessageFile: '/f' },
      ],
    }]);
  });

  it('calls one that could not start exited, with 128 as Kubernetes does', () => {
    const [pod] = runtimePods([container(0, 'created')], new Map([['c0', { exitCode: 127, error: 'no such program' }]]));
    expect(pod?.containers[0]).toMatchObject({ phase: 'exited', exitCode: 128, error: 'no such program', finishedAt: 10_000 });
  });

  it('leaves out what is no pod', () => expect(runtimePods([summary({}, {})], new Map())).toEqual([]));
});
