/** Translates between the runtime's terms and those of Docker's API. Pure. */
import type {
  ContainerConfig, ContainerKind, ContainerPhase, ImageInfo, RuntimeContainer, RuntimePod, RuntimeSandbox, SandboxConfig,
} from '../container-runtime/container-runtime.ts';
import type { ContainerDetails, ContainerSpec, ContainerSummary, ImageDetails, ImageSummary } from './docker-client.ts';
import { containerLabels, labels, sandboxLabels } from './labels.ts';
import { containerName } from './naming.ts';

/** What the list of containers does not say. */
export interface ContainerOutcome {
  startedAt?: number;
  finishedAt?: number;
  exitCode?: number;
  oomKilled?: boolean;
  error?: string;
}

export interface EngineSettings {
  agentId: string;
  /** Docker network of pods that have their own. */
  networkName: string;
  sandboxImage: string;
  /** False where the engine may not set an oom_score_adj below 0 (no CAP_SYS_RESOURCE). */
  negativeOomScore: boolean;
}

/** Reading and writing only while something is logged: three files of at most 10 MB each. */
const logConfig = { Type: 'json-file', Config: { 'max-size': '10m', 'max-file': '3' } };
/** As kubelet protects the sandbox: it must be the last of a pod to be killed. */
const sandboxOomScore = -998;
const sandboxCpuShares = 2;

function oomScore(wanted: number, settings: EngineSettings): { OomScoreAdj?: number } {
  return wanted < 0 && !settings.negativeOomScore ? {} : { OomScoreAdj: wanted };
}

export function sandboxSpec(config: SandboxConfig, settings: EngineSettings): ContainerSpec & { name: string } {
  const { podUid: uid, name: pod, namespace, attempt } = config;
  const published = config.hostNetwork ? [] : config.ports;
  return {
    name: containerName({ container: 'POD', pod, namespace, uid, attempt }),
    Image: settings.sandboxImage,
    Labels: sandboxLabels(settings.agentId, config),
    ...(config.hostNetwork ? {} : { Hostname: config.hostname }),
    ExposedPorts: Object.fromEntries(published.map((port) => [portKey(port), {}])),
    Healthcheck: { Test: ['NONE'] },
    HostConfig: {
      NetworkMode: config.hostNetwork ? 'host' : settings.networkName,
      IpcMode: config.hostIPC ? 'host' : 'shareable',
      ...(config.hostPID ? { PidMode: 'host' } : {}),
      PortBindings: portBindings(published),
      Sysctls: { ...config.sysctls },
      LogConfig: { Type: 'none', Config: {} },
      RestartPolicy: { Name: 'no' },
      CapDrop: ['ALL'],
      SecurityOpt: ['no-new-privileges'],
      CpuShares: sandboxCpuShares,
      ...oomScore(sandboxOomScore, settings),
      ...(config.cgroupParent ? { CgroupParent: config.cgroupParent } : {}),
    },
  };
}

function portKey(port: SandboxConfig['ports'][number]): string {
  return `${port.containerPort}/${port.protocol.toLowerCase()}`;
}

function portBindings(ports: SandboxConfig['ports']): Record<string, { HostIp: string; HostPort: string }[]> {
  const bindings: Record<string, { HostIp: string; HostPort: string }[]> = {};
  for (const port of ports) {
    (bindings[portKey(port)] ??= []).push({ HostIp: port.hostIP ?? '', HostPort: String(port.hostPort) });
  }
  return bindings;
}

/** @param mounts those of the config and the files of the agent itself. */
export function containerSpec(
  sandboxId: string, config: ContainerConfig, mounts: ContainerConfig['mounts'], terminationMessageFile: string, settings: EngineSettings,
): ContainerSpec & { name: string } {
  const { podUid: uid, podName: pod, namespace, attempt, security, resources } = config;
  const join = `container:${sandboxId}`;
  return {
    name: containerName({ container: config.name, pod, namespace, uid, attempt }),
    Image: config.imageId,
    Labels: containerLabels(settings.agentId, config, terminationMessageFile),
    Env: [...config.environment],
    ...(config.command ? { Entrypoint: [...config.command] } : {}),
    ...(config.args || config.command ? { Cmd: [...config.args ?? []] } : {}),
    ...(config.workingDir ? { WorkingDir: config.workingDir } : {}),
    ...(security.user ? { User: security.user } : {}),
    Tty: config.tty,
    OpenStdin: config.stdin,
    StdinOnce: config.stdinOnce,
    Healthcheck: { Test: ['NONE'] },
    HostConfig: {
      NetworkMode: join,
      IpcMode: config.namespaces.ipc === 'host' ? 'host' : join,
      ...pidMode(config.namespaces.pid, join),
      Binds: mounts.map(bind),
      LogConfig: logConfig,
      RestartPolicy: { Name: 'no' },
      Privileged: security.privileged,
      ReadonlyRootfs: security.readOnlyRootFilesystem,
      CapAdd: [...security.addCapabilities],
      CapDrop: [...security.dropCapabilities],
      SecurityOpt: securityOptions(security),
      GroupAdd: security.supplementalGroups.map(String),
      Devices: config.devices.map((device) => ({
        PathOnHost: device.hostPath, PathInContainer: device.containerPath, CgroupPermissions: device.permissions,
      })),
      ...(resources.cpuShares === undefined ? {} : { CpuShares: resources.cpuShares }),
      ...(resources.cpuQuotaMicros === undefined ? {} : { CpuQuota: resources.cpuQuotaMicros }),
      ...(resources.cpuPeriodMicros === undefined ? {} : { CpuPeriod: resources.cpuPeriodMicros }),
      // Memory and swap together as much as memory alone: a pod gets no swap.
      ...(resources.memoryBytes === undefined ? {} : { Memory: resources.memoryBytes, MemorySwap: resources.memoryBytes }),
      ...(resources.oomScoreAdjust === undefined ? {} : oomScore(resources.oomScoreAdjust, settings)),
    },
  };
}

function pidMode(pid: ContainerConfig['namespaces']['pid'], sandbox: string): { PidMode?: string } {
  if (pid === 'container') return {};
  if (pid === 'host') return { PidMode: 'host' };
  return { PidMode: pid === 'pod' ? sandbox : `container:${pid.containerId}` };
}

/** Private is what Docker takes where nothing is said, except for what its own data is in: said aloud, `/` could not be mounted. */
function bind(mount: ContainerConfig['mounts'][number]): string {
  const options = [mount.readOnly ? 'ro' : 'rw', ...(mount.propagation && mount.propagation !== 'private' ? [mount.propagation] : [])];
  return `${mount.hostPath}:${mount.containerPath}:${options.join(',')}`;
}

function securityOptions(security: ContainerConfig['security']): string[] {
  return [
    ...(security.allowPrivilegeEscalation ? [] : ['no-new-privileges']),
    ...(security.seccompUnconfined ? ['seccomp=unconfined'] : []),
  ];
}

export function containerPhase(state: string): ContainerPhase {
  switch (state) {
    case 'created': return 'created';
    case 'running':
    case 'paused':
    case 'restarting': return 'running';
    case 'exited':
    case 'dead': return 'exited';
    default: return 'unknown';
  }
}

/** `0001-01-01T00:00:00Z`, Go's zero time, is no time. */
function engineTime(text: string): number | undefined {
  const time = Date.parse(text);
  return Number.isNaN(time) || time <= 0 ? undefined : time;
}

export function containerOutcome(details: ContainerDetails): ContainerOutcome {
  const { State: state } = details;
  const startedAt = engineTime(state.StartedAt);
  const finishedAt = engineTime(state.FinishedAt);
  const ended = containerPhase(state.Status) !== 'running' && containerPhase(state.Status) !== 'created';
  const failedToStart = state.Status === 'created' && state.Error !== '';
  return {
    ...(startedAt === undefined ? {} : { startedAt }),
    ...(ended && finishedAt !== undefined ? { finishedAt } : {}),
    ...(ended || failedToStart ? { exitCode: state.ExitCode } : {}),
    ...(ended ? { oomKilled: state.OOMKilled } : {}),
    ...(state.Error === '' ? {} : { error: state.Error }),
  };
}

function kindOf(label: string | undefined): ContainerKind {
  return label === 'init' || label === 'ephemeral' ? label : 'container';
}

function toContainer(summary: ContainerSummary, outcome: ContainerOutcome): RuntimeContainer {
  const own = summary.Labels;
  const createdAt = summary.Created * 1000;
  const phase = containerPhase(summary.State);
  const failedToStart = phase === 'created' && outcome.error !== undefined;
  const file = own[labels.terminationMessageFile];
  return {
    id: summary.Id,
    podUid: own[labels.podUid] ?? '',
    sandboxId: summary.HostConfig.NetworkMode.replace(/^container:/, ''),
    name: own[labels.containerName] ?? '',
    kind: kindOf(own[labels.kind]),
    attempt: Number(own[labels.attempt] ?? 0),
    phase: failedToStart ? 'exited' : phase,
    specHash: own[labels.specHash] ?? '',
    image: own[labels.image] ?? summary.Image,
    imageId: summary.ImageID,
    createdAt,
    ...outcome,
    ...(failedToStart ? { finishedAt: createdAt, exitCode: 128 } : {}),
    ...(file ? { terminationMessageFile: file } : {}),
  };
}

function toSandbox(summary: ContainerSummary): RuntimeSandbox {
  const phase = containerPhase(summary.State);
  const ip = Object.values(summary.NetworkSettings.Networks).map((network) => network.IPAddress).find((address) => address !== '');
  return {
    id: summary.Id,
    podUid: summary.Labels[labels.podUid] ?? '',
    phase,
    attempt: Number(summary.Labels[labels.attempt] ?? 0),
    ...(ip && phase === 'running' ? { ip } : {}),
    createdAt: summary.Created * 1000,
  };
}

export function isSandbox(summary: ContainerSummary): boolean {
  return summary.Labels[labels.kind] === 'sandbox';
}

/** Groups what the engine lists by pod; newest first within a pod. */
export function runtimePods(summaries: readonly ContainerSummary[], outcomes: ReadonlyMap<string, ContainerOutcome>): RuntimePod[] {
  const pods = new Map<string, RuntimePod>();
  for (const summary of summaries) {
    const uid = summary.Labels[labels.podUid];
    if (!uid) continue;
    let pod = pods.get(uid);
    if (!pod) {
      pod = { uid, namespace: summary.Labels[labels.podNamespace] ?? '', name: summary.Labels[labels.podName] ?? '', sandboxes: [], containers: [] };
      pods.set(uid, pod);
    }
    if (isSandbox(summary)) pod.sandboxes.push(toSandbox(summary));
    else pod.containers.push(toContainer(summary, outcomes.get(summary.Id) ?? {}));
  }
  for (const pod of pods.values()) {
    pod.sandboxes.sort((a, b) => b.attempt - a.attempt);
    pod.containers.sort((a, b) => b.attempt - a.attempt);
  }
  return [...pods.values()];
}

/** Null where the engine leaves out what its documentation promises (an imported image has no names or user). */
interface NullableImage {
  RepoTags: string[] | null;
  RepoDigests: string[] | null;
  Config: { User?: string } | null;
}

export function imageInfo(details: ImageDetails): ImageInfo {
  const { RepoTags: tags, RepoDigests: digests, Config: config } = details as NullableImage;
  return { id: details.Id, tags: tags ?? [], digests: digests ?? [], sizeBytes: details.Size, user: config?.User ?? '' };
}

/** The list of images does not say the user. */
export function listedImage(summary: ImageSummary): ImageInfo {
  const named = (names: string[] | null | undefined) => (names ?? []).filter((name) => !name.startsWith('<none>'));
  return { id: summary.Id, tags: named(summary.RepoTags), digests: named(summary.RepoDigests), sizeBytes: summary.Size, user: '' };
}
