import { PassThrough } from 'node:stream';
import type { Clock } from '../../machinery/clock.ts';
import {
  RuntimeError, type AttachSession, type ContainerConfig, type ContainerLogOptions, type ContainerRuntime, type ExecSession, type ImageInfo, type LogChunk,
  type RuntimeContainer, type RuntimePod, type RuntimeSandbox, type SandboxConfig,
} from '../container-runtime/container-runtime.ts';

interface FakeContainer extends RuntimeContainer {
  namespace: string;
  podName: string;
  config: ContainerConfig;
  log: LogChunk[];
  onEnd: (() => void)[];
}

interface FakeSandbox extends RuntimeSandbox {
  namespace: string;
  name: string;
  config: SandboxConfig;
}

/** An engine in memory. Containers run until told to exit; what a command would do is the test's to say. */
export class FakeRuntime implements ContainerRuntime {
  /** Every call that changed something, in order: `createContainer web 0`. */
  readonly calls: string[] = [];
  readonly images = new Map<string, ImageInfo>();
  /** References that can be pulled. */
  readonly registry = new Map<string, ImageInfo>();
  /** Set to make the next call of a method fail, by method name. */
  readonly failures = new Map<string, RuntimeError>();
  /** Containers that run on after SIGTERM until their grace period is over, by name. */
  readonly stubborn = new Set<string>();
  private readonly clock: Clock;
  private readonly containers = new Map<string, FakeContainer>();
  private readonly sandboxes = new Map<string, FakeSandbox>();
  private readonly handlers: ((podUid: string) => void)[] = [];
  private nextId = 1;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  addImage(reference: string, user = ''): ImageInfo {
    const info: ImageInfo = { id: `sha256:${Buffer.from(reference).toString('hex').padEnd(64, '0').slice(0, 64)}`, tags: [reference], digests: [], sizeBytes: 1000, user };
    this.images.set(reference, info);
    this.images.set(info.id, info);
    return info;
  }

  /** Ends a running container as if its process had exited. Without `hint` no handler hears of it. */
  exit(podUid: string, name: string, exitCode: number, options: { oomKilled?: boolean; hint?: boolean } = {}): void {
    const container = this.running(podUid, name);
    this.end(container, exitCode, options.oomKilled);
    if (options.hint !== false) this.changed(podUid);
  }

  /** Ends the sandbox of a pod, as a restart of the engine does. */
  killSandbox(podUid: string): void {
    for (const sandbox of this.sandboxes.values()) if (sandbox.podUid === podUid) { sandbox.phase = 'exited'; delete sandbox.ip; }
    this.changed(podUid);
  }

  write(podUid: string, name: string, text: string, stream: LogChunk['stream'] = 'stdout'): void {
    this.running(podUid, name).log.push({ stream, data: Buffer.from(text) });
  }

  /** The configuration of the newest container of a name. */
  configOf(podUid: string, name: string): ContainerConfig | undefined {
    return [...this.containers.values()].filter((container) => container.podUid === podUid && container.name === name).sort((a, b) => b.attempt - a.attempt)[0]?.config;
  }

  sandboxConfigOf(podUid: string): SandboxConfig | undefined {
    return [...this.sandboxes.values()].find((sandbox) => sandbox.podUid === podUid)?.config;
  }

  async listPods(): Promise<RuntimePod[]> {
    this.mayFail('listPods');
    const uids = new Set([...this.sandboxes.values(), ...this.containers.values()].map((entry) => entry.podUid));
    return [...uids].map((uid) => this.podOf(uid)!);
  }

  async getPod(pod: { uid: string; namespace: string; name: string }): Promise<RuntimePod> {
    this.mayFail('getPod');
    return this.podOf(pod.uid) ?? { ...pod, sandboxes: [], containers: [] };
  }

  async runSandbox(config: SandboxConfig): Promise<RuntimeSandbox> {
    this.mayFail('runSandbox');
    const existing = [...this.sandboxes.values()].find((sandbox) => sandbox.podUid === config.podUid && sandbox.attempt === config.attempt);
    if (existing) return publicSandbox(existing);
    this.calls.push(`runSandbox ${config.name} ${config.attempt}`);
    const number = this.nextId++;
    const sandbox: FakeSandbox = {
      id: `sandbox-${number}`, podUid: config.podUid, phase: 'running', attempt: config.attempt, createdAt: this.clock.now(),
      ...(config.hostNetwork ? {} : { ip: `198.18.1.${number + 1}` }), namespace: config.namespace, name: config.name, config,
    };
    this.sandboxes.set(sandbox.id, sandbox);
    return publicSandbox(sandbox);
  }

  async sandboxProcess(id: string): Promise<number> {
    if (this.sandboxes.get(id)?.phase !== 'running') throw new RuntimeError('SandboxStatus', `sandbox ${id} is not running`);
    return 1000 + [...this.sandboxes.keys()].indexOf(id);
  }

  async stopSandbox(id: string): Promise<void> {
    const sandbox = this.sandboxes.get(id);
    if (!sandbox) return;
    this.calls.push(`stopSandbox ${sandbox.name} ${sandbox.attempt}`);
    sandbox.phase = 'exited';
    delete sandbox.ip;
  }

  async removeSandbox(id: string): Promise<void> {
    const sandbox = this.sandboxes.get(id);
    if (!sandbox) return;
    this.calls.push(`removeSandbox ${sandbox.name} ${sandbox.attempt}`);
    this.sandboxes.delete(id);
  }

  async createContainer(sandboxId: string, config: ContainerConfig): Promise<string> {
    this.mayFail('createContainer');
    if (!this.images.has(config.imageId)) throw new RuntimeError('CreateContainerError', `No such image: ${config.imageId}`);
    const existing = [...this.containers.values()].find((container) => container.podUid === config.podUid && container.name === config.name && container.attempt === config.attempt);
    if (existing) return existing.id;
    this.calls.push(`createContainer ${config.name} ${config.attempt}`);
    const container: FakeContainer = {
      id: `container-${this.nextId++}`, podUid: config.podUid, sandboxId, name: config.name, kind: config.kind, attempt: config.attempt, phase: 'created',
      specHash: config.specHash, image: config.image, imageId: this.images.get(config.imageId)!.id, createdAt: this.clock.now(),
      namespace: config.namespace, podName: config.podName, config, log: [], onEnd: [],
    };
    this.containers.set(container.id, container);
    return container.id;
  }

  async startContainer(id: string): Promise<void> {
    const container = this.containers.get(id);
    if (!container) throw new RuntimeError('RunContainerError', `No such container: ${id}`);
    try {
      this.mayFail('startContainer');
    } catch (error) {
      Object.assign(container, { phase: 'exited', error: (error as Error).message, exitCode: 128, finishedAt: this.clock.now() });
      throw error;
    }
    if (container.phase !== 'created') return;
    this.calls.push(`startContainer ${container.name} ${container.attempt}`);
    container.phase = 'running';
    container.startedAt = this.clock.now();
  }

  async stopContainer(id: string, graceSeconds: number): Promise<void> {
    const container = this.containers.get(id);
    if (container?.phase !== 'running') return;
    this.calls.push(`stopContainer ${container.name} ${graceSeconds}`);
    const stubborn = this.stubborn.has(container.name);
    // Whoever waits for the end of a container hears of it also when another stop was quicker.
    if (stubborn && graceSeconds > 0) await Promise.race([this.clock.sleep(graceSeconds * 1000), new Promise<void>((resolve) => { container.onEnd.push(resolve); })]);
    if (!this.isRunning(id)) return;
    this.end(container, stubborn ? 137 : 143);
    this.changed(container.podUid);
  }

  async removeContainer(id: string): Promise<void> {
    const container = this.containers.get(id);
    if (!container) return;
    this.calls.push(`removeContainer ${container.name} ${container.attempt}`);
    this.containers.delete(id);
  }

  /** `cat` echoes, `exit N` ends with N, everything else prints its words. */
  async exec(containerId: string, options: { command: readonly string[]; stdin: boolean; tty: boolean }): Promise<ExecSession> {
    if (!this.isRunning(containerId)) throw new RuntimeError('ExecFailed', `container ${containerId} is not running`);
    const stdout = new PassThrough();
    const stderr = options.tty ? undefined : new PassThrough();
    const stdin = options.stdin ? new PassThrough() : undefined;
    const [program, argument] = options.command;
    const exitCode = program === 'exit' ? Number(argument) : 0;
    if (program === 'cat' && stdin) stdin.pipe(stdout);
    else stdout.end(program === 'exit' ? '' : `${options.command.join(' ')}\n`);
    stderr?.end();
    const ended = new Promise<void>((resolve) => { stdout.once('end', resolve); });
    return {
      stdout, ...(stdin ? { stdin } : {}), ...(stderr ? { stderr } : {}),
      resize: async () => {},
      wait: async () => { await ended; return exitCode; },
      close: () => { stdout.destroy(); },
    };
  }

  /** Echoes what it is sent, until the container ends. */
  async attach(containerId: string, options: { stdin: boolean; tty: boolean }): Promise<AttachSession> {
    if (!this.isRunning(containerId)) throw new RuntimeError('AttachFailed', `container ${containerId} is not running`);
    const stdout = new PassThrough();
    this.containers.get(containerId)?.onEnd.push(() => stdout.end());
    return {
      stdout, ...(options.stdin ? { stdin: stdout } : {}), ...(options.tty ? {} : { stderr: new PassThrough().end() }),
      resize: async () => {}, close: () => { stdout.destroy(); },
    };
  }

  async *logs(containerId: string, options: ContainerLogOptions): AsyncGenerator<LogChunk> {
    const container = this.containers.get(containerId);
    if (!container) throw new RuntimeError('LogsFailed', `No such container: ${containerId}`);
    yield* options.tailLines === undefined ? container.log : container.log.slice(-options.tailLines || container.log.length);
  }

  async inspectImage(reference: string): Promise<ImageInfo | undefined> {
    return this.images.get(reference);
  }

  async listImages(): Promise<ImageInfo[]> {
    return [...new Set(this.images.values())];
  }

  async pullImage(reference: string): Promise<ImageInfo> {
    this.calls.push(`pullImage ${reference}`);
    this.mayFail('pullImage');
    const info = this.registry.get(reference);
    if (!info) throw new RuntimeError('ErrImagePull', `pull access denied for ${reference}`);
    this.images.set(reference, info);
    this.images.set(info.id, info);
    return info;
  }

  async removeImage(id: string): Promise<void> {
    for (const [key, image] of this.images) if (image.id === id) this.images.delete(key);
  }

  onChange(handler: (podUid: string) => void): void {
    this.handlers.push(handler);
  }

  async version(): Promise<string> {
    return '20.10.0';
  }

  private isRunning(id: string): boolean {
    return this.containers.get(id)?.phase === 'running';
  }

  private running(podUid: string, name: string): FakeContainer {
    const container = [...this.containers.values()].find((other) => other.podUid === podUid && other.name === name && other.phase === 'running');
    if (!container) throw new Error(`no container ${name} of ${podUid} runs`);
    return container;
  }

  private end(container: FakeContainer, exitCode: number, oomKilled = false): void {
    Object.assign(container, { phase: 'exited', exitCode, oomKilled, finishedAt: this.clock.now() });
    for (const resolve of container.onEnd.splice(0)) resolve();
  }

  private podOf(uid: string): RuntimePod | undefined {
    const sandboxes = [...this.sandboxes.values()].filter((sandbox) => sandbox.podUid === uid).sort((a, b) => b.attempt - a.attempt);
    const containers = [...this.containers.values()].filter((container) => container.podUid === uid).sort((a, b) => b.attempt - a.attempt);
    const first = sandboxes[0] ? { namespace: sandboxes[0].namespace, name: sandboxes[0].name } : containers[0] && { namespace: containers[0].namespace, name: containers[0].podName };
    return first && { uid, ...first, sandboxes: sandboxes.map(publicSandbox), containers: containers.map(publicContainer) };
  }

  private changed(podUid: string): void {
    for (const handler of this.handlers) handler(podUid);
  }

  private mayFail(method: string): void {
    const failure = this.failures.get(method);
    if (!failure) return;
    this.failures.delete(method);
    throw failure;
  }
}

function publicSandbox({ id, podUid, phase, attempt, ip, createdAt }: FakeSandbox): RuntimeSandbox {
  return { id, podUid, phase, attempt, createdAt, ...(ip ? { ip } : {}) };
}

function publicContainer(container: FakeContainer): RuntimeContainer {
  const { namespace: _namespace, podName: _podName, config: _config, log: _log, onEnd: _onEnd, ...rest } = container;
  return rest;
}
