/**
 * What the agent asks of a container engine. docker/docker-runtime.ts implements it on dockerode; testing/fake-runtime.ts
 * in memory; both pass testing/runtime-contract.ts.
 */
import type { Readable, Writable } from 'node:stream';

export type ContainerPhase = 'created' | 'running' | 'exited' | 'unknown';

/** Which list of the pod's spec a container is of. */
export type ContainerKind = 'init' | 'container' | 'ephemeral';

/** One container of a pod as the engine has it. Everything but phase comes from labels set at creation. */
export interface RuntimeContainer {
  id: string;
  podUid: string;
  /** The sandbox it was made for: one of an earlier sandbox is history. */
  sandboxId: string;
  /** Container name in the pod spec. */
  name: string;
  kind: ContainerKind;
  /** Counts restarts of this container in its pod: 0 for the first. */
  attempt: number;
  phase: ContainerPhase;
  /** Hash of the container spec it was made from. */
  specHash: string;
  image: string;
  /** `sha256:…` of the image it runs. */
  imageId: string;
  createdAt: number;
  startedAt?: number;
  finishedAt?: number;
  exitCode?: number;
  oomKilled?: boolean;
  /** The engine's own error text (could not start). */
  error?: string;
  /** Path on the board of the file mounted at terminationMessagePath. */
  terminationMessageFile?: string;
}

/** The container that owns the pod's network and IPC namespaces. */
export interface RuntimeSandbox {
  id: string;
  podUid: string;
  phase: ContainerPhase;
  attempt: number;
  /** Pod address; undefined until it runs, and for hostNetwork. */
  ip?: string;
  createdAt: number;
}

export interface RuntimePod {
  uid: string;
  namespace: string;
  name: string;
  sandboxes: RuntimeSandbox[];
  containers: RuntimeContainer[];
}

export interface SandboxConfig {
  podUid: string;
  namespace: string;
  name: string;
  attempt: number;
  hostname: string;
  /** `hostname.subdomain.namespace.svc.domain`, for pods with a subdomain. */
  fullyQualifiedName?: string;
  hostNetwork: boolean;
  hostPID: boolean;
  hostIPC: boolean;
  shareProcessNamespace: boolean;
  dns: { servers: readonly string[]; searches: readonly string[]; options: readonly string[] };
  hostAliases: readonly { ip: string; hostnames: readonly string[] }[];
  sysctls: Readonly<Record<string, string>>;
  /** hostPort mappings. */
  ports: readonly { containerPort: number; hostPort: number; protocol: 'TCP' | 'UDP'; hostIP?: string }[];
  cgroupParent?: string;
}

/** Whose namespaces a container joins. The network is always the sandbox's (which is the board's for hostNetwork). */
export interface ContainerNamespaces {
  /** An id: that of the container whose processes this one sees. */
  pid: 'container' | 'pod' | 'host' | { containerId: string };
  ipc: 'pod' | 'host';
}

export interface ContainerMount {
  hostPath: string;
  containerPath: string;
  readOnly: boolean;
  propagation?: 'private' | 'rslave' | 'rshared';
}

export interface ContainerConfig {
  podUid: string;
  namespace: string;
  podName: string;
  name: string;
  kind: ContainerKind;
  attempt: number;
  specHash: string;
  /** Reference as in the pod spec, for status. */
  image: string;
  /** What to run: image id or reference that is present. */
  imageId: string;
  command?: readonly string[];
  args?: readonly string[];
  workingDir?: string;
  /** `NAME=value` */
  environment: readonly string[];
  mounts: readonly ContainerMount[];
  tty: boolean;
  stdin: boolean;
  stdinOnce: boolean;
  resources: { cpuShares?: number; cpuQuotaMicros?: number; cpuPeriodMicros?: number; memoryBytes?: number; oomScoreAdjust?: number };
  security: {
    privileged: boolean;
    readOnlyRootFilesystem: boolean;
    allowPrivilegeEscalation: boolean;
    addCapabilities: readonly string[];
    dropCapabilities: readonly string[];
    /** `uid[:gid]` */
    user?: string;
    supplementalGroups: readonly number[];
    seccompUnconfined: boolean;
  };
  devices: readonly { hostPath: string; containerPath: string; permissions: string }[];
  /** Where the container finds the file for its last words; policy and path in status come from the pod spec. */
  terminationMessagePath: string;
  namespaces: ContainerNamespaces;
}

/** Connected to the inputs and outputs of a process. */
export interface AttachSession {
  stdin?: Writable;
  stdout: Readable;
  /** Absent with a tty. */
  stderr?: Readable;
  resize(width: number, height: number): Promise<void>;
  /** Detaches; the process may go on. */
  close(): void;
}

export interface ExecSession extends AttachSession {
  /** Exit code of the command, once its output has ended. */
  wait(): Promise<number>;
}

export interface ContainerLogOptions {
  follow: boolean;
  timestamps: boolean;
  tailLines?: number;
  /** Milliseconds since the epoch. */
  since?: number;
}

export interface LogChunk {
  stream: 'stdout' | 'stderr';
  data: Buffer;
}

export interface ImageInfo {
  id: string;
  tags: readonly string[];
  digests: readonly string[];
  sizeBytes: number;
  /** `user` of the image config, for runAsNonRoot. */
  user: string;
}

export interface RegistryCredentials {
  username: string;
  password: string;
  server?: string;
}

/** All methods throw RuntimeError. Creation is idempotent: names are deterministic, an existing one is adopted. */
export interface ContainerRuntime {
  /** Every pod this cluster has on the engine, with dead sandboxes and containers. */
  listPods(): Promise<RuntimePod[]>;
  /** The same of one pod; without sandboxes and containers when the engine has nothing of it. */
  getPod(pod: { uid: string; namespace: string; name: string }): Promise<RuntimePod>;
  runSandbox(config: SandboxConfig): Promise<RuntimeSandbox>;
  /** The number of its first process on the board: the pod's namespaces are under it in /proc. */
  sandboxProcess(id: string): Promise<number>;
  stopSandbox(id: string): Promise<void>;
  removeSandbox(id: string): Promise<void>;
  createContainer(sandboxId: string, config: ContainerConfig): Promise<string>;
  /** Resolves when it runs. One that cannot start is left as an exited container with `error`. */
  startContainer(id: string): Promise<void>;
  /** SIGTERM (or the image's stop signal), then SIGKILL after the grace period. */
  stopContainer(id: string, graceSeconds: number): Promise<void>;
  removeContainer(id: string): Promise<void>;
  exec(containerId: string, options: { command: readonly string[]; stdin: boolean; tty: boolean }): Promise<ExecSession>;
  /** To the process the container was made for. Its end without `stdinOnce` leaves the container's input open. */
  attach(containerId: string, options: { stdin: boolean; tty: boolean }): Promise<AttachSession>;
  logs(containerId: string, options: ContainerLogOptions, signal: AbortSignal): AsyncIterable<LogChunk>;
  inspectImage(reference: string): Promise<ImageInfo | undefined>;
  listImages(): Promise<ImageInfo[]>;
  pullImage(reference: string, credentials: RegistryCredentials | undefined, signal: AbortSignal): Promise<ImageInfo>;
  removeImage(id: string): Promise<void>;
  /** Calls back with a pod uid whenever something happened to one of its containers: a hint to look again. */
  onChange(handler: (podUid: string) => void, signal: AbortSignal): void;
  version(): Promise<string>;
}

export class RuntimeError extends Error {
  /** Kubernetes' reason for waiting states: CreateContainerError, RunContainerError, ErrImagePull ... */
  readonly reason: string;

  constructor(reason: string, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'RuntimeError';
    this.reason = reason;
  }
}
