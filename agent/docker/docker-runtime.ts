/**
 * ContainerRuntime on Docker. Stateless but for a cache of how containers began and ended, which never changes once it is
 * so: the engine's list tells the rest, and one list call sees everything of this agent.
 */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../machinery/clock.ts';
import type { Logger } from '../../machinery/logger.ts';
import {
  RuntimeError, type AttachSession, type ContainerConfig, type ContainerLogOptions, type ContainerRuntime, type ExecSession, type ImageInfo, type LogChunk,
  type RegistryCredentials, type RuntimePod, type RuntimeSandbox, type SandboxConfig,
} from '../container-runtime/container-runtime.ts';
import { Slots } from '../pods/slots.ts';
import { ensurePodDirectory, podDirectory } from '../volumes/pod-directory.ts';
import { containerOutcome, containerPhase, containerSpec, imageInfo, isSandbox, listedImage, runtimePods, sandboxSpec, type ContainerOutcome, type EngineSettings } from './convert.ts';
import { Demultiplexer } from './demultiplex.ts';
import type { ContainerSummary, DockerClient } from './docker-client.ts';
import { alreadyDone, isConflict, isNotFound, runtimeError } from './errors.ts';
import { hostNetworkHostsFile, hostsFile, resolvConf } from './etc-files.ts';
import { watchEngine } from './engine-watch.ts';
import { openAttach, openExec } from './exec-session.ts';
import { agentFilter, labels } from './labels.ts';

export interface DockerRuntimeOptions {
  client: DockerClient;
  clock: Clock;
  logger: Logger;
  settings: EngineSettings;
  /** The agent's data directory: files of pods are in pods/<uid>. */
  dataDir: string;
}

const parallelStarts = 6;

/** Files of the agent in a pod's directory, mounted into its containers. */
const etcFiles = { hosts: 'etc-hosts', resolvConf: 'etc-resolv.conf', hostname: 'etc-hostname' } as const;

export class DockerRuntime implements ContainerRuntime {
  private readonly client: DockerClient;
  private readonly clock: Clock;
  private readonly logger: Logger;
  private readonly settings: EngineSettings;
  private readonly dataDir: string;
  /** By container id; the engine state they were read in is part of the key. Pruned with every full list. */
  private readonly outcomes = new Map<string, { state: string; outcome: ContainerOutcome }>();

  /**
   * Containers that have ended but that the engine's list may still call running: it tells of an end, by an event or the
   * answer to a stop, before its list knows. Ids leave when the list has caught up.
   */
  private readonly ended = new Set<string>();
  /** After a cold boot every pod starts at once: a small board does not get through that faster by doing all of it together. */
  private readonly starts = new Slots(parallelStarts);

  constructor(options: DockerRuntimeOptions) {
    this.client = options.client;
    this.clock = options.clock;
    this.logger = options.logger;
    this.settings = options.settings;
    this.dataDir = options.dataDir;
  }

  async listPods(): Promise<RuntimePod[]> {
    const summaries = await this.list([]);
    const present = new Set(summaries.map((summary) => summary.Id));
    for (const id of this.outcomes.keys()) if (!present.has(id)) this.outcomes.delete(id);
    for (const id of this.ended) if (!present.has(id)) this.ended.delete(id);
    return runtimePods(summaries, await this.resolveOutcomes(summaries));
  }

  async getPod(pod: { uid: string; namespace: string; name: string }): Promise<RuntimePod> {
    const summaries = await this.list([`${labels.podUid}=${pod.uid}`]);
    const found = runtimePods(summaries, await this.resolveOutcomes(summaries))[0];
    return found ?? { uid: pod.uid, namespace: pod.namespace, name: pod.name, sandboxes: [], containers: [] };
  }

  async runSandbox(config: SandboxConfig): Promise<RuntimeSandbox> {
    const reason = 'FailedCreatePodSandBox';
    const id = await this.create(sandboxSpec(config, this.settings), reason);
    try {
      await this.starts.use(() => alreadyDone(this.client.startContainer(id)));
      const details = await this.client.inspectContainer(id);
      const ip = Object.values(details.NetworkSettings.Networks).map((network) => network.IPAddress).find((address) => address !== '');
      const address = config.hostNetwork ? undefined : ip;
      await this.writeEtcFiles(config, address);
      const phase = containerPhase(details.State.Status);
      return { id, podUid: config.podUid, phase, attempt: config.attempt, ...(address ? { ip: address } : {}), createdAt: Date.parse(details.Created) };
    } catch (error) {
      throw runtimeError(reason, error);
    }
  }

  async sandboxProcess(id: string): Promise<number> {
    try {
      const { State } = await this.client.inspectContainer(id);
      if (State.Running && State.Pid > 0) return State.Pid;
    } catch (error) {
      throw runtimeError('SandboxStatus', error);
    }
    throw new RuntimeError('SandboxStatus', `sandbox ${id} is not running`);
  }

  async stopSandbox(id: string): Promise<void> {
    await this.stopContainer(id, 0);
  }

  removeSandbox(id: string): Promise<void> {
    return this.removeContainer(id);
  }

  async createContainer(sandboxId: string, config: ContainerConfig): Promise<string> {
    const reason = 'CreateContainerError';
    try {
      const terminationFile = await this.makeTerminationFile(config);
      const mounts = [...config.mounts, ...this.ownMounts(config, terminationFile)];
      return await this.create(containerSpec(sandboxId, config, mounts, terminationFile, this.settings), reason);
    } catch (error) {
      throw runtimeError(reason, error);
    }
  }

  async startContainer(id: string): Promise<void> {
    try {
      await this.starts.use(() => alreadyDone(this.client.startContainer(id)));
    } catch (error) {
      throw runtimeError('RunContainerError', error);
    }
  }

  async stopContainer(id: string, graceSeconds: number): Promise<void> {
    try {
      await alreadyDone(this.client.stopContainer(id, graceSeconds));
      this.ended.add(id);
    } catch (error) {
      throw runtimeError('KillContainerError', error);
    }
  }

  async removeContainer(id: string): Promise<void> {
    try {
      await alreadyDone(this.client.removeContainer(id));
    } catch (error) {
      // Somebody else is removing it right now.
      if (!isConflict(error)) throw runtimeError('RemoveContainerError', error);
    }
    this.outcomes.delete(id);
    this.ended.delete(id);
  }

  exec(containerId: string, options: { command: readonly string[]; stdin: boolean; tty: boolean }): Promise<ExecSession> {
    return openExec(this.client, this.clock, containerId, options);
  }

  attach(containerId: string, options: { stdin: boolean; tty: boolean }): Promise<AttachSession> {
    return openAttach(this.client, this.clock, containerId, options);
  }

  async *logs(containerId: string, options: ContainerLogOptions, signal: AbortSignal): AsyncGenerator<LogChunk> {
    try {
      const details = await this.client.inspectContainer(containerId);
      const stream = await this.client.containerLogs(containerId, {
        follow: options.follow,
        timestamps: options.timestamps,
        ...(options.tailLines === undefined ? {} : { tail: options.tailLines }),
        ...(options.since === undefined ? {} : { since: options.since / 1000 }),
      }, signal);
      const demultiplexer = details.Config.Tty ? undefined : new Demultiplexer();
      for await (const data of stream as AsyncIterable<Buffer>) {
        if (demultiplexer) yield* demultiplexer.push(data);
        else yield { stream: 'stdout', data };
      }
    } catch (error) {
      if (!signal.aborted) throw runtimeError('LogsFailed', error);
    }
  }

  async inspectImage(reference: string): Promise<ImageInfo | undefined> {
    try {
      return imageInfo(await this.client.inspectImage(reference));
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw runtimeError('ImageInspectError', error);
    }
  }

  async listImages(): Promise<ImageInfo[]> {
    try {
      return (await this.client.listImages()).map(listedImage);
    } catch (error) {
      throw runtimeError('ImageListError', error);
    }
  }

  async pullImage(reference: string, credentials: RegistryCredentials | undefined, signal: AbortSignal): Promise<ImageInfo> {
    const authentication = credentials && { username: credentials.username, password: credentials.password, serveraddress: credentials.server ?? '' };
    try {
      await this.client.pullImage(reference, authentication, signal);
      return imageInfo(await this.client.inspectImage(reference));
    } catch (error) {
      throw runtimeError('ErrImagePull', error);
    }
  }

  async removeImage(id: string): Promise<void> {
    try {
      await alreadyDone(this.client.removeImage(id));
    } catch (error) {
      throw runtimeError('ImageRemoveError', error);
    }
  }

  onChange(handler: (podUid: string) => void, signal: AbortSignal): void {
    void watchEngine({
      client: this.client, clock: this.clock, logger: this.logger, agentId: this.settings.agentId, signal,
      handler: ({ action, containerId, podUid }) => {
        if (action === 'die') this.ended.add(containerId);
        if (action === 'start') this.ended.delete(containerId);
        else handler(podUid);
      },
    });
  }

  async version(): Promise<string> {
    try {
      return (await this.client.version()).version;
    } catch (error) {
      throw runtimeError('RuntimeNotReady', error);
    }
  }

  private async list(labelFilters: readonly string[]): Promise<ContainerSummary[]> {
    try {
      const summaries = await this.client.listContainers({ label: [agentFilter(this.settings.agentId), ...labelFilters] });
      for (const summary of summaries) this.correct(summary);
      return summaries;
    } catch (error) {
      throw runtimeError('RuntimeNotReady', error);
    }
  }

  private correct(summary: ContainerSummary): void {
    if (!this.ended.has(summary.Id)) return;
    if (containerPhase(summary.State) === 'running') summary.State = 'exited';
    else this.ended.delete(summary.Id);
  }

  /** Asks for the details of those containers only whose state is new. A created one may have failed to start: always. */
  private async resolveOutcomes(summaries: readonly ContainerSummary[]): Promise<Map<string, ContainerOutcome>> {
    const resolved = new Map<string, ContainerOutcome>();
    await Promise.all(summaries.filter((summary) => !isSandbox(summary)).map(async (summary) => {
      const known = this.outcomes.get(summary.Id);
      if (known && known.state === summary.State && summary.State !== 'created') {
        resolved.set(summary.Id, known.outcome);
        return;
      }
      try {
        const details = await this.client.inspectContainer(summary.Id);
        const outcome = containerOutcome(details);
        // It may have moved on since the list: what was read belongs to the state it was read in.
        summary.State = details.State.Status;
        this.outcomes.set(summary.Id, { state: details.State.Status, outcome });
        resolved.set(summary.Id, outcome);
      } catch (error) {
        // Removed since the list.
        if (!isNotFound(error)) throw runtimeError('RuntimeNotReady', error);
        summary.State = 'removing';
      }
    }));
    return resolved;
  }

  /** Creates a container or adopts the one that already has its name. */
  private async create(spec: Parameters<DockerClient['createContainer']>[0], reason: string): Promise<string> {
    try {
      return await this.client.createContainer(spec);
    } catch (error) {
      if (!isConflict(error)) throw runtimeError(reason, error);
      const existing = await this.client.inspectContainer(spec.name).catch((cause: unknown) => { throw runtimeError(reason, cause); });
      if (existing.Config.Labels[labels.agent] !== this.settings.agentId) throw new RuntimeError(reason, `the name ${spec.name} is taken by a container of somebody else`, { cause: error });
      return existing.Id;
    }
  }

  private async writeEtcFiles(config: SandboxConfig, ip: string | undefined): Promise<void> {
    const directory = await ensurePodDirectory(this.dataDir, config.podUid);
    const hosts = config.hostNetwork ? hostNetworkHostsFile(await readFile('/etc/hosts', 'utf8'), config.hostAliases) : hostsFile(config, ip);
    await Promise.all([
      writeFile(join(directory, etcFiles.hosts), hosts, { mode: 0o644 }),
      writeFile(join(directory, etcFiles.resolvConf), resolvConf(config.dns), { mode: 0o644 }),
      writeFile(join(directory, etcFiles.hostname), `${config.hostname}\n`, { mode: 0o644 }),
    ]);
  }

  /** An empty file that any user of the container can write; made anew for every attempt. */
  private async makeTerminationFile(config: ContainerConfig): Promise<string> {
    const directory = join(podDirectory(this.dataDir, config.podUid), 'containers', config.name);
    await mkdir(directory, { recursive: true, mode: 0o755 });
    await rm(join(directory, String(config.attempt - 2)), { force: true });
    const file = join(directory, String(config.attempt));
    await writeFile(file, '', { mode: 0o666, flag: 'a' });
    const { chmod } = await import('node:fs/promises');
    await chmod(file, 0o666);
    return file;
  }

  private ownMounts(config: ContainerConfig, terminationFile: string): ContainerConfig['mounts'] {
    const directory = podDirectory(this.dataDir, config.podUid);
    const readOnly = config.security.readOnlyRootFilesystem;
    const own = [
      { hostPath: join(directory, etcFiles.hosts), containerPath: '/etc/hosts', readOnly },
      { hostPath: join(directory, etcFiles.resolvConf), containerPath: '/etc/resolv.conf', readOnly },
      { hostPath: join(directory, etcFiles.hostname), containerPath: '/etc/hostname', readOnly },
      { hostPath: terminationFile, containerPath: config.terminationMessagePath, readOnly: false },
    ];
    return own.filter((mount) => !config.mounts.some((other) => other.containerPath === mount.containerPath));
  }
}
