/**
 * What to do next for a pod that should run, from what it wants and what the engine has. Pure; pod-executor.ts carries it
 * out. Follows kuberuntime's computePodActions.
 *
 *   no sandbox ──create-sandbox──► init containers, one after the other ──► containers, all at once ──► finished
 *        ▲                                    │                                   │
 *        └────────────── sandbox died: everything of it is stopped and begun anew ┘
 */
import type { Container, Pod } from '../../api/core.ts';
import type { ContainerKind, RuntimeContainer, RuntimePod, RuntimeSandbox } from '../container-runtime/container-runtime.ts';
import type { ProbeState } from '../prober/prober-manager.ts';
import type { BackOffWait } from './container-back-off.ts';
import { isSidecar, podRestartPolicy, restartPolicyOf, shouldRestart } from './restart-policy.ts';
import { specHash } from './spec-hash.ts';

interface ActionArguments {
  'kill-container': { container: RuntimeContainer; spec: Container | undefined; message: string };
  'stop-sandbox': { sandbox: RuntimeSandbox };
  'remove-sandbox': { sandbox: RuntimeSandbox };
  'create-sandbox': { attempt: number };
  /** `created` is one that was made but never started. */
  'start-container': { spec: Container; kind: ContainerKind; attempt: number; created?: RuntimeContainer; previous?: RuntimeContainer };
  'remove-container': { container: RuntimeContainer };
}

export type ActionName = keyof ActionArguments;
export type ActionOf<Name extends ActionName> = { [N in ActionName]: { action: N } & ActionArguments[N] }[Name];
export type PodAction = ActionOf<ActionName>;

export interface PodPlan {
  /** Stages run one after the other, the actions of a stage side by side. */
  stages: PodAction[][];
  /** Containers that wait to be started again, by name. */
  backingOff: ReadonlyMap<string, BackOffWait>;
  /** All has run that will ever run: only the sandbox is to be stopped. */
  finished: boolean;
}

export interface PodActionInput {
  pod: Pod;
  runtimePod: RuntimePod;
  probeState(containerId: string): ProbeState;
  /** Container id → why a probe wants it killed. */
  unhealthy: ReadonlyMap<string, string>;
  backOff(container: Container, finishedAt: number): BackOffWait | undefined;
}

/** The sandbox that runs now, if any. */
export function runningSandbox(runtimePod: RuntimePod): RuntimeSandbox | undefined {
  return runtimePod.sandboxes.find((sandbox) => sandbox.phase === 'running');
}

/** The newest container of a name, or undefined. */
export function latestContainer(runtimePod: RuntimePod, name: string): RuntimeContainer | undefined {
  return runtimePod.containers.find((container) => container.name === name);
}

export function computePodActions(input: PodActionInput): PodPlan {
  return new Planner(input).plan();
}

class Planner {
  private readonly input: PodActionInput;
  private readonly pod: Pod;
  private readonly sandbox: RuntimeSandbox | undefined;
  private readonly initContainers: readonly Container[];
  private readonly containers: readonly Container[];
  private readonly ephemeralContainers: readonly Container[];
  private readonly kills: PodAction[] = [];
  private readonly starts: PodAction[] = [];
  private readonly backingOff = new Map<string, BackOffWait>();

  constructor(input: PodActionInput) {
    this.input = input;
    this.pod = input.pod;
    this.sandbox = runningSandbox(input.runtimePod);
    this.initContainers = input.pod.spec?.initContainers ?? [];
    this.containers = input.pod.spec?.containers ?? [];
    this.ephemeralContainers = input.pod.spec?.ephemeralContainers ?? [];
  }

  plan(): PodPlan {
    this.killStrays();
    if (this.isFinished()) return this.finish();
    this.planEphemeralContainers();
    const initialized = this.planInitContainers();
    if (initialized) for (const container of this.containers) this.planContainer(container, 'container');
    return this.assemble(false, [this.kills, ...this.sandboxStages(), this.starts, this.removals()]);
  }

  private assemble(finished: boolean, stages: PodAction[][]): PodPlan {
    return { stages: stages.filter((stage) => stage.length > 0), backingOff: this.backingOff, finished };
  }

  /** Of a name, in this sandbox: what an earlier sandbox had does not count. */
  private current(name: string): RuntimeContainer | undefined {
    const { sandbox } = this;
    return sandbox && this.input.runtimePod.containers.find((container) => container.name === name && container.sandboxId === sandbox.id);
  }

  /** Running containers whose sandbox is gone, or that the pod does not have. */
  private killStrays(): void {
    for (const container of this.input.runtimePod.containers) {
      if (container.phase !== 'running') continue;
      const spec = this.specOf(container.name);
      const current = this.current(container.name);
      if (spec && current?.id === container.id) continue;
      this.kills.push({ action: 'kill-container', container, spec, message: `Stopping container ${container.name}` });
    }
  }

  private specOf(name: string): Container | undefined {
    return [...this.initContainers, ...this.containers, ...this.ephemeralContainers].find((container) => container.name === name);
  }

  /** With a restart policy that lets containers rest, a pod is over when none of them will be started again. */
  private isFinished(): boolean {
    if (this.interrupted() || this.initContainers.some((container) => this.initFailedForGood(container))) return true;
    return this.containers.length > 0 && this.containers.every((container) => {
      const latest = latestContainer(this.input.runtimePod, container.name);
      return latest?.phase === 'exited' && !shouldRestart(restartPolicyOf(this.pod, container, 'container'), latest.exitCode ?? 0);
    });
  }

  /** A pod that never restarts does not begin anew when its sandbox dies under containers that had been running. */
  private interrupted(): boolean {
    const began = this.input.runtimePod.containers.some((container) => container.phase === 'running' || container.phase === 'exited');
    return !this.sandbox && began && podRestartPolicy(this.pod) === 'Never';
  }

  private initFailedForGood(container: Container): boolean {
    if (isSidecar(container)) return false;
    const latest = latestContainer(this.input.runtimePod, container.name);
    return latest?.phase === 'exited' && latest.exitCode !== 0 && restartPolicyOf(this.pod, container, 'init') === 'Never';
  }

  private finish(): PodPlan {
    for (const container of this.input.runtimePod.containers) {
      if (container.phase !== 'running' || this.kills.some((kill) => kill.action === 'kill-container' && kill.container.id === container.id)) continue;
      this.kills.push({ action: 'kill-container', container, spec: this.specOf(container.name), message: `Stopping container ${container.name}` });
    }
    const stops = this.sandbox ? [{ action: 'stop-sandbox' as const, sandbox: this.sandbox }] : [];
    return this.assemble(true, [this.kills, stops, this.removals()]);
  }

  /** Begun once, whatever the others do: to see why an init container hangs is what they are for. Never without a sandbox. */
  private planEphemeralContainers(): void {
    if (!this.sandbox) return;
    for (const spec of this.ephemeralContainers) {
      const latest = latestContainer(this.input.runtimePod, spec.name);
      if (!latest) this.starts.push({ action: 'start-container', spec, kind: 'ephemeral', attempt: 0 });
      else if (latest.phase === 'created' && latest.sandboxId === this.sandbox.id) this.starts.push({ action: 'start-container', spec, kind: 'ephemeral', attempt: latest.attempt, created: latest });
    }
  }

  /** @returns true when the containers of the pod may run. */
  private planInitContainers(): boolean {
    const begun = this.containers.some((container) => this.current(container.name) !== undefined);
    for (const container of this.initContainers) {
      const sidecar = isSidecar(container);
      if (begun && !sidecar) continue;
      const current = this.current(container.name);
      if (!sidecar && current?.phase === 'exited' && current.exitCode === 0) continue;
      this.planContainer(container, 'init');
      const ready = sidecar && current?.phase === 'running' && this.input.probeState(current.id).started;
      if (!ready && !begun) return false;
    }
    return true;
  }

  private planContainer(spec: Container, kind: ContainerKind): void {
    const latest = latestContainer(this.input.runtimePod, spec.name);
    const current = this.current(spec.name);
    const attempt = latest ? latest.attempt + 1 : 0;
    if (!current) {
      // Of an earlier sandbox: a container that succeeded and need not run again stays as it is.
      const done = kind === 'container' && latest?.phase === 'exited' && !shouldRestart(restartPolicyOf(this.pod, spec, kind), latest.exitCode ?? 0);
      if (!done) this.starts.push({ action: 'start-container', spec, kind, attempt });
      return;
    }
    switch (current.phase) {
      case 'created':
        this.starts.push({ action: 'start-container', spec, kind, attempt: current.attempt, created: current });
        return;
      case 'running':
        this.planRunning(spec, kind, current);
        return;
      case 'exited':
        this.planRestart(spec, kind, current);
        return;
      case 'unknown':
        return;
    }
  }

  private planRunning(spec: Container, kind: ContainerKind, current: RuntimeContainer): void {
    const probeMessage = this.input.unhealthy.get(current.id);
    const changed = current.specHash !== specHash(spec);
    if (!changed && probeMessage === undefined) return;
    const restart = changed || restartPolicyOf(this.pod, spec, kind) !== 'Never';
    const what = changed ? `Container ${spec.name} definition changed` : probeMessage ?? '';
    this.kills.push({ action: 'kill-container', container: current, spec, message: restart ? `${what}, will be restarted` : what });
    if (!restart) return;
    // One that is killed over and over is backed off as one that ends by itself: from the end of the one before it.
    const previous = this.input.runtimePod.containers.find((container) => container.name === spec.name && container.phase === 'exited');
    if (previous && this.input.backOff(spec, previous.finishedAt ?? previous.createdAt)) return;
    this.starts.push({ action: 'start-container', spec, kind, attempt: current.attempt + 1, ...(previous ? { previous } : {}) });
  }

  private planRestart(spec: Container, kind: ContainerKind, current: RuntimeContainer): void {
    if (!shouldRestart(restartPolicyOf(this.pod, spec, kind), current.exitCode ?? 0)) return;
    const wait = this.input.backOff(spec, current.finishedAt ?? current.createdAt);
    if (wait) this.backingOff.set(spec.name, wait);
    else this.starts.push({ action: 'start-container', spec, kind, attempt: current.attempt + 1, previous: current });
  }

  /** Dead sandboxes go; a new one comes when something is to be started. */
  private sandboxStages(): PodAction[][] {
    const dead = this.input.runtimePod.sandboxes.filter((sandbox) => sandbox.id !== this.sandbox?.id);
    const removals: PodAction[] = dead.map((sandbox) => ({ action: 'remove-sandbox', sandbox }));
    if (this.sandbox || this.starts.length === 0) return [this.sandbox ? removals : []];
    const attempt = Math.max(-1, ...dead.map((sandbox) => sandbox.attempt)) + 1;
    return [removals, [{ action: 'create-sandbox', attempt }]];
  }

  /** Per container the newest and the one before it stay, for status and `kubectl logs --previous`. */
  private removals(): PodAction[] {
    const seen = new Map<string, number>();
    const removals: PodAction[] = [];
    for (const container of this.input.runtimePod.containers) {
      const newer = seen.get(container.name) ?? 0;
      seen.set(container.name, newer + 1);
      if (newer >= 2 && container.phase !== 'running') removals.push({ action: 'remove-container', container });
    }
    return removals;
  }
}
