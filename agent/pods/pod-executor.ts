/** Carries out a plan of pod-actions.ts: stages one after the other, the actions of a stage side by side. */
import type { Container, Pod } from '../../api/core.ts';
import { RuntimeError, type ContainerRuntime, type ImageInfo, type RuntimePod, type RuntimeSandbox } from '../container-runtime/container-runtime.ts';
import type { Clock } from '../../machinery/clock.ts';
import { eventReasons, reportPodEvent } from '../events.ts';
import { ImageError } from '../images/image-manager.ts';
import type { StatusSink } from '../link/status-sink.ts';
import type { PodNetwork } from '../network/pod-network.ts';
import type { BoardFacts } from '../board-facts.ts';
import type { WaitingReason } from '../status/container-status.ts';
import { VolumeError, type MountedVolumes, type VolumeManager } from '../volumes/volume-manager.ts';
import type { ContainerBackOff } from './container-back-off.ts';
import type { ContainerKiller } from './container-killer.ts';
import type { ContainerStarter } from './container-starter.ts';
import type { DesiredState } from './desired-state.ts';
import { parseResolvConf } from './dns-config.ts';
import { GracePeriod } from './grace-period.ts';
import { runningSandbox, type ActionName, type ActionOf, type PodAction, type PodPlan } from './pod-actions.ts';
import { isHostNetwork, podIdentity } from './pod-spec.ts';
import { makeSandboxConfig } from './sandbox-config.ts';
import { unlessAborted } from './unless-aborted.ts';

export interface PodExecutorOptions {
  runtime: ContainerRuntime;
  starter: ContainerStarter;
  killer: ContainerKiller;
  volumes: VolumeManager;
  network: PodNetwork;
  backOff: ContainerBackOff;
  state: DesiredState;
  sink: Pick<StatusSink, 'event'>;
  facts: BoardFacts;
  /** Text of the board's resolv.conf, read anew for each sandbox. */
  readResolvConf: () => Promise<string>;
  clock: Clock;
}

export interface ExecutionResult {
  /** Containers that could not be started, by name. */
  failures: Map<string, WaitingReason>;
  /** Something failed: try again no later than this (milliseconds since the epoch), or soon where undefined. */
  retryAt: number | undefined;
  failed: boolean;
}

interface Execution {
  pod: Pod;
  signal: AbortSignal;
  sandbox: RuntimeSandbox | undefined;
  running: ReadonlyMap<string, string>;
  address: string;
  images: Map<string, Promise<ImageInfo>>;
  volumes: Promise<MountedVolumes> | undefined;
  result: ExecutionResult;
}

/** Key of a container in the back-off: a change of its image begins anew. */
export function backOffKey(pod: Pod, container: Container): string {
  return `${podIdentity(pod).uid}/${container.name}/${container.image}`;
}

export class PodExecutor {
  private readonly options: PodExecutorOptions;
  private readonly handlers = {
    'kill-container': (action, execution) => this.killContainer(action, execution),
    'stop-sandbox': (action) => this.options.runtime.stopSandbox(action.sandbox.id),
    'remove-sandbox': (action) => this.options.runtime.removeSandbox(action.sandbox.id),
    'create-sandbox': (action, execution) => this.createSandbox(action, execution),
    'start-container': (action, execution) => this.startContainer(action, execution),
    'remove-container': (action) => this.options.runtime.removeContainer(action.container.id),
  } satisfies { [Name in ActionName]: (action: ActionOf<Name>, execution: Execution) => Promise<void> };

  constructor(options: PodExecutorOptions) {
    this.options = options;
  }

  /** Never rejects for what the engine or the network refuse: that is in the result, with its events reported. */
  async execute(pod: Pod, runtimePod: RuntimePod, plan: PodPlan, signal: AbortSignal): Promise<ExecutionResult> {
    const sandbox = runningSandbox(runtimePod);
    const execution: Execution = {
      pod, signal, sandbox, images: new Map(), volumes: undefined,
      running: new Map(runtimePod.containers.filter(({ phase }) => phase === 'running').map(({ name, id }) => [name, id])),
      address: (isHostNetwork(pod) ? this.options.facts.hostIPs()[0] : sandbox?.ip) ?? '',
      result: { failures: new Map(), retryAt: undefined, failed: false },
    };
    this.prepare(execution, plan);
    for (const stage of plan.stages) {
      const outcomes = await Promise.allSettled(stage.map((action) => this.run(action, execution)));
      const failure = outcomes.find((outcome) => outcome.status === 'rejected');
      if (!failure) continue;
      execution.result.failed = true;
      this.reportStageFailure(execution, stage, failure.reason);
      if (stage.some((action) => action.action !== 'start-container')) break;
    }
    return execution.result;
  }

  /** Looks for images and sets volumes up while containers are stopped and the sandbox is made. */
  private prepare(execution: Execution, plan: PodPlan): void {
    for (const action of plan.stages.flat()) {
      if (action.action !== 'start-container' || action.created) continue;
      const image = this.options.starter.ensureImage(execution.pod, action.spec, action.kind);
      execution.images.set(action.spec.name, image);
      execution.volumes ??= this.options.volumes.setUp(execution.pod);
      // Whoever starts the container hears of a failure; until then nobody listens.
      image.catch(() => undefined);
      execution.volumes.catch(() => undefined);
    }
  }

  private run(action: PodAction, execution: Execution): Promise<void> {
    switch (action.action) {
      case 'kill-container': return this.handlers['kill-container'](action, execution);
      case 'stop-sandbox': return this.handlers['stop-sandbox'](action);
      case 'remove-sandbox': return this.handlers['remove-sandbox'](action);
      case 'create-sandbox': return this.handlers['create-sandbox'](action, execution);
      case 'start-container': return this.handlers['start-container'](action, execution);
      case 'remove-container': return this.handlers['remove-container'](action);
    }
  }

  private killContainer(action: ActionOf<'kill-container'>, { pod, address, signal }: Execution): Promise<void> {
    const probe = action.spec?.livenessProbe?.terminationGracePeriodSeconds;
    const grace = new GracePeriod(probe ?? pod.spec?.terminationGracePeriodSeconds ?? 30);
    // Where the pod is deleted meanwhile, its termination stops the container with its own grace period.
    return unlessAborted(this.options.killer.kill({ pod, container: action.container, spec: action.spec, message: action.message, address, grace }), signal);
  }

  private async createSandbox({ attempt }: ActionOf<'create-sandbox'>, execution: Execution): Promise<void> {
    const { pod } = execution;
    if (attempt > 0) {
      reportPodEvent(this.options.sink, { pod, type: 'Normal', reason: eventReasons.sandboxChanged, message: 'Pod sandbox changed, it will be killed and re-created.' });
    }
    const network = this.options.state.network;
    if (!isHostNetwork(pod)) await this.options.network.ready(network);
    const boardDns = parseResolvConf(await this.options.readResolvConf());
    const config = makeSandboxConfig(pod, { attempt, boardName: this.options.facts.nodeName, boardDns, network });
    execution.sandbox = await this.options.runtime.runSandbox(config);
    if (!isHostNetwork(pod)) execution.address = execution.sandbox.ip ?? '';
  }

  private async startContainer(action: ActionOf<'start-container'>, execution: Execution): Promise<void> {
    const { spec, kind, attempt, created, previous } = action;
    const { pod, sandbox, running, signal } = execution;
    if (!sandbox) return;
    const { backOff, clock, starter } = this.options;
    if (previous) backOff.raise(backOffKey(pod, spec), previous.finishedAt ?? previous.createdAt, clock.now());
    const image = execution.images.get(spec.name) ?? starter.ensureImage(pod, spec, kind);
    const volumes = execution.volumes ?? this.options.volumes.setUp(pod);
    try {
      await starter.start({ pod, spec, kind, attempt, created, image, volumes, sandbox, running, signal });
    } catch (error) {
      if (error instanceof RuntimeError && !(error instanceof VolumeError)) {
        execution.result.failures.set(spec.name, { reason: error.reason, message: error.message });
      }
      if (error instanceof ImageError) execution.result.retryAt = Math.min(execution.result.retryAt ?? Infinity, error.retryAt);
      throw error;
    }
  }

  private reportStageFailure({ pod }: Execution, stage: readonly PodAction[], error: unknown): void {
    const message = error instanceof Error ? error.message : String(error);
    if (error instanceof VolumeError) {
      reportPodEvent(this.options.sink, { pod, type: 'Warning', reason: eventReasons.failedMount, message });
    } else if (stage.some((action) => action.action === 'create-sandbox')) {
      reportPodEvent(this.options.sink, { pod, type: 'Warning', reason: eventReasons.failedCreatePodSandbox, message: `Failed to create pod sandbox: ${message}` });
    } else if (stage.some((action) => action.action === 'kill-container')) {
      reportPodEvent(this.options.sink, { pod, type: 'Warning', reason: eventReasons.failedKillPod, message: `error killing pod: ${message}` });
    }
  }
}
