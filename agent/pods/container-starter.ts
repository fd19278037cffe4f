/** Makes and starts one container of a pod: image, environment, mounts, creation, start, postStart. Follows kuberuntime's startContainer. */
import type { Container, Pod, Secret } from '../../api/core.ts';
import { downwardFacts, type BoardFacts } from '../board-facts.ts';
import { RuntimeError, type ContainerKind, type ContainerRuntime, type ImageInfo, type RuntimeContainer, type RuntimeSandbox } from '../container-runtime/container-runtime.ts';
import { makeEnvironment } from '../environment/environment.ts';
import { expandCommand } from '../environment/expansion.ts';
import { eventReasons, reportPodEvent, type EventReason } from '../events.ts';
import { ImageError, type ImageManager } from '../images/image-manager.ts';
import type { StatusSink } from '../link/status-sink.ts';
import type { LifecycleRunner } from '../prober/prober-manager.ts';
import { VolumeError, type MountedVolumes, type VolumeManager } from '../volumes/volume-manager.ts';
import { configError, makeContainerConfig } from './container-config.ts';
import type { DesiredState } from './desired-state.ts';
import { isHostNetwork } from './pod-spec.ts';
import { unlessAborted } from './unless-aborted.ts';

export interface ContainerStarterOptions {
  runtime: Pick<ContainerRuntime, 'createContainer' | 'startContainer' | 'stopContainer'>;
  images: Pick<ImageManager, 'ensure'>;
  volumes: Pick<VolumeManager, 'mountsFor'>;
  lifecycle: LifecycleRunner;
  state: DesiredState;
  sink: Pick<StatusSink, 'event'>;
  facts: BoardFacts;
}

export interface StartRequest {
  pod: Pod;
  spec: Container;
  kind: ContainerKind;
  attempt: number;
  /** Made before, never started. */
  created: RuntimeContainer | undefined;
  image: Promise<ImageInfo>;
  volumes: Promise<MountedVolumes>;
  sandbox: RuntimeSandbox;
  /** What runs in the sandbox, by container name: an ephemeral container may join one. */
  running: ReadonlyMap<string, string>;
  signal: AbortSignal;
}

export class ContainerStarter {
  private readonly options: ContainerStarterOptions;

  constructor(options: ContainerStarterOptions) {
    this.options = options;
  }

  /** Begins to look for the image, so that it can be pulled while the sandbox is made. */
  ensureImage(pod: Pod, spec: Container, kind: ContainerKind): Promise<ImageInfo> {
    const { state, images } = this.options;
    const namespace = pod.metadata?.namespace ?? '';
    const pullSecrets = (pod.spec?.imagePullSecrets ?? []).flatMap((reference): Secret[] => {
      const secret = state.secret(namespace, reference.name ?? '');
      return secret ? [secret] : [];
    });
    return images.ensure({ pod, container: spec, kind, pullSecrets });
  }

  /** @throws RuntimeError with the reason that the container's waiting state gives. Its event has been reported. */
  async start(request: StartRequest): Promise<void> {
    try {
      const id = request.created?.id ?? await this.create(request);
      await this.options.runtime.startContainer(id);
      this.event(request, 'Normal', eventReasons.started, 'Container started');
      await this.runPostStart(request, id);
    } catch (error) {
      // The image manager has told of its own; a volume's failure is told once for the pod.
      if (!request.signal.aborted && !(error instanceof ImageError) && !(error instanceof VolumeError)) {
        this.event(request, 'Warning', eventReasons.failed, `Error: ${error instanceof Error ? error.message : String(error)}`);
      }
      throw error;
    }
  }

  private async create(request: StartRequest): Promise<string> {
    const { pod, spec, kind, attempt, sandbox } = request;
    const { facts, state, volumes, runtime } = this.options;
    // A pull can take minutes: who is told to stop meanwhile does not wait for it.
    const [image, mounted] = await unlessAborted(Promise.all([request.image, request.volumes]), request.signal);
    const podIPs = isHostNetwork(pod) ? facts.hostIPs() : sandbox.ip ? [sandbox.ip] : [];
    const { environment, variables, errors } = makeEnvironment(pod, spec, { state, ...downwardFacts(facts, podIPs) });
    if (errors.length > 0) throw configError(errors.join(', '));
    const mounts = await volumes.mountsFor(pod, spec, mounted, variables).catch((error: unknown) => {
      if (error instanceof VolumeError) throw configError(error.message, { cause: error });
      throw error;
    });
    const config = makeContainerConfig(pod, spec, {
      kind, attempt, image, environment, mounts,
      command: expandCommand(spec.command, variables),
      args: expandCommand(spec.args, variables),
      boardMemoryBytes: facts.memoryBytes, ...targetOf(request),
    });
    const id = await runtime.createContainer(sandbox.id, config);
    this.event(request, 'Normal', eventReasons.created, 'Container created');
    return id;
  }

  /** A container whose postStart hook fails is stopped; its restart policy decides what comes then. */
  private async runPostStart({ pod, spec, kind, sandbox, signal }: StartRequest, containerId: string): Promise<void> {
    const handler = spec.lifecycle?.postStart;
    if (!handler) return;
    const address = isHostNetwork(pod) ? this.options.facts.hostIPs()[0] : sandbox.ip;
    try {
      await this.options.lifecycle.run(handler, { pod, container: spec, containerId, address: address ?? '' }, signal);
    } catch (error) {
      if (signal.aborted) throw error;
      reportPodEvent(this.options.sink, { pod, container: { kind, name: spec.name }, type: 'Warning', reason: eventReasons.failedPostStartHook, message: 'PostStartHook failed' });
      reportPodEvent(this.options.sink, { pod, container: { kind, name: spec.name }, type: 'Normal', reason: eventReasons.killing, message: 'FailedPostStartHook' });
      await this.options.runtime.stopContainer(containerId, pod.spec?.terminationGracePeriodSeconds ?? 30);
      throw new RuntimeError('PostStartHookError', error instanceof Error ? error.message : String(error), { cause: error });
    }
  }

  private event({ pod, spec, kind }: StartRequest, type: 'Normal' | 'Warning', reason: EventReason, message: string): void {
    reportPodEvent(this.options.sink, { pod, container: { kind, name: spec.name }, type, reason, message });
  }
}

/** @throws RuntimeError CreateContainerConfigError when the container that an ephemeral one is for does not run. */
function targetOf({ spec, running }: StartRequest): { targetContainerId?: string } {
  const { targetContainerName: name } = spec as NonNullable<NonNullable<Pod['spec']>['ephemeralContainers']>[number];
  if (!name) return {};
  const targetContainerId = running.get(name);
  if (targetContainerId === undefined) throw configError(`unable to find target container ${name}`);
  return { targetContainerId };
}
