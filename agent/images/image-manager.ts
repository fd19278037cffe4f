/**
 * Makes sure that the image of a container is on the board, by its pull policy. Follows kubelet's image manager: the same
 * reasons, messages and back-off.
 */
import type { Container, Pod, Secret } from '../../api/core.ts';
import type { Clock } from '../../machinery/clock.ts';
import { RuntimeError, type ContainerKind, type ContainerRuntime, type ImageInfo } from '../container-runtime/container-runtime.ts';
import { eventReasons, reportPodEvent, type EventReason } from '../events.ts';
import type { StatusSink } from '../link/status-sink.ts';
import { initialBackOffMs, maximumBackOffMs } from '../pods/container-back-off.ts';
import { credentialsFor } from './registry-credentials.ts';
import { parseImageReference } from './image-reference.ts';

export interface ImageManagerOptions {
  runtime: Pick<ContainerRuntime, 'inspectImage' | 'pullImage'>;
  clock: Clock;
  sink: Pick<StatusSink, 'event'>;
  /** Pulls at a time: each takes memory of the engine and bandwidth of the card. */
  parallelPulls: number;
}

export interface ImageRequest {
  pod: Pod;
  container: Container;
  kind: ContainerKind;
  pullSecrets: readonly Secret[];
}

/** An image that is not there. `retryAt` says when it is worth another look. */
export class ImageError extends RuntimeError {
  readonly retryAt: number;

  constructor(reason: string, message: string, retryAt: number, options?: { cause?: unknown }) {
    super(reason, message, options);
    this.name = 'ImageError';
    this.retryAt = retryAt;
  }
}

type PullPolicy = 'Always' | 'IfNotPresent' | 'Never';

interface PullBackOff {
  delayMs: number;
  until: number;
  /** What the pull before said. */
  failure: string;
}

/** How long a failed pull shows as ErrImagePull before it shows as ImagePullBackOff. */
const errorShownMs = 2_000;

const noCredentialsKey = '';

export class ImageManager {
  private readonly options: ImageManagerOptions;
  /** Pulls under way, by image and credentials: pods that want the same wait for one. */
  private readonly pulls = new Map<string, Promise<ImageInfo>>();
  /** By pod uid and image. */
  private readonly backOffs = new Map<string, PullBackOff>();
  private readonly stopping = new AbortController();
  private running = 0;
  private readonly waiting: (() => void)[] = [];

  constructor(options: ImageManagerOptions) {
    this.options = options;
  }

  /** @throws ImageError */
  async ensure(request: ImageRequest): Promise<ImageInfo> {
    const { pod, container } = request;
    const image = container.image ?? '';
    const reference = parseImageReference(image);
    if (!reference) throw this.failure(request, 'InvalidImageName', `Failed to apply default image tag "${image}": couldn't parse image name "${image}": invalid reference format`, eventReasons.failedToInspectImage);
    const policy = pullPolicy(container);
    if (policy !== 'Always') {
      const present = await this.options.runtime.inspectImage(reference.name);
      if (present) {
        this.event(request, 'Normal', eventReasons.pulled, `Container image "${image}" already present on machine`);
        return present;
      }
      if (policy === 'Never') throw this.failure(request, 'ErrImageNeverPull', `Container image "${image}" is not present with pull policy of Never`, eventReasons.errImageNeverPull);
    }
    return this.pullWithBackOff(request, reference, `${pod.metadata?.uid}/${image}`);
  }

  /** Drops what is remembered of a pod. */
  forget(podUid: string): void {
    for (const key of this.backOffs.keys()) if (key.startsWith(`${podUid}/`)) this.backOffs.delete(key);
  }

  stop(): void {
    this.stopping.abort(new Error('the agent is stopping'));
  }

  private async pullWithBackOff(request: ImageRequest, reference: { registry: string; name: string }, key: string): Promise<ImageInfo> {
    const image = request.container.image ?? '';
    const backOff = this.backOffs.get(key);
    if (backOff && this.options.clock.now() < backOff.until) {
      this.event(request, 'Normal', eventReasons.backOff, `Back-off pulling image "${image}"`);
      this.event(request, 'Warning', eventReasons.failed, 'Error: ImagePullBackOff');
      throw new ImageError('ImagePullBackOff', `Back-off pulling image "${image}": ErrImagePull: ${backOff.failure}`, backOff.until);
    }
    this.event(request, 'Normal', eventReasons.pulling, `Pulling image "${image}"`);
    const begun = this.options.clock.monotonic();
    try {
      const info = await this.pull(reference, request.pullSecrets);
      this.backOffs.delete(key);
      const took = seconds(this.options.clock.monotonic() - begun);
      this.event(request, 'Normal', eventReasons.pulled, `Successfully pulled image "${image}" in ${took} (${took} including waiting). Image size: ${info.sizeBytes} bytes.`);
      return info;
    } catch (error) {
      const delayMs = backOff ? Math.min(backOff.delayMs * 2, maximumBackOffMs) : initialBackOffMs;
      const message = `failed to pull and unpack image "${image}": ${error instanceof Error ? error.message : String(error)}`;
      this.backOffs.set(key, { delayMs, until: this.options.clock.now() + delayMs, failure: message });
      this.event(request, 'Warning', eventReasons.failed, `Failed to pull image "${image}": ${message}`);
      this.event(request, 'Warning', eventReasons.failed, 'Error: ErrImagePull');
      throw new ImageError('ErrImagePull', message, this.options.clock.now() + errorShownMs, { cause: error });
    }
  }

  private pull(reference: { registry: string; name: string }, secrets: readonly Secret[]): Promise<ImageInfo> {
    const credentials = credentialsFor(reference.registry, secrets);
    const key = JSON.stringify([reference.name, credentials?.username ?? noCredentialsKey, credentials?.password ?? noCredentialsKey]);
    const under = this.pulls.get(key);
    if (under) return under;
    const pull = this.withSlot(() => this.options.runtime.pullImage(reference.name, credentials, this.stopping.signal))
      .finally(() => this.pulls.delete(key));
    this.pulls.set(key, pull);
    return pull;
  }

  private async withSlot<T>(work: () => Promise<T>): Promise<T> {
    if (this.running >= this.options.parallelPulls) await new Promise<void>((resolve) => { this.waiting.push(resolve); });
    this.running += 1;
    try {
      return await work();
    } finally {
      this.running -= 1;
      this.waiting.shift()?.();
    }
  }

  private failure(request: ImageRequest, reason: string, message: string, event: EventReason): ImageError {
    this.event(request, 'Warning', event, message);
    this.event(request, 'Warning', eventReasons.failed, `Error: ${reason}`);
    return new ImageError(reason, message, this.options.clock.now() + initialBackOffMs);
  }

  private event({ pod, container, kind }: ImageRequest, type: 'Normal' | 'Warning', reason: EventReason, message: string): void {
    reportPodEvent(this.options.sink, { pod, container: { kind, name: container.name }, type, reason, message });
  }
}

/** The API server sets the policy; without it, as it would: Always for `latest`, IfNotPresent otherwise. */
function pullPolicy(container: Container): PullPolicy {
  if (container.imagePullPolicy) return container.imagePullPolicy as PullPolicy;
  const image = container.image ?? '';
  const name = image.slice(image.lastIndexOf('/') + 1);
  return !name.includes('@') && (!name.includes(':') || name.endsWith(':latest')) ? 'Always' : 'IfNotPresent';
}

/** As Go prints a duration: `1.2s`, `850ms`. */
function seconds(milliseconds: number): string {
  const rounded = Math.round(milliseconds);
  return rounded < 1000 ? `${rounded}ms` : `${rounded / 1000}s`;
}
