import type { Node, NodeStatus } from '../../api/core.ts';
import { timestamp, type Clock, type Timer } from '../../machinery/clock.ts';
import type { Logger } from '../../machinery/logger.ts';
import type { ContainerRuntime } from '../container-runtime/container-runtime.ts';
import { readNodeFacts, type NodeFacts } from './node-facts.ts';
import { readNodeReadings, type NodeReadings } from './node-readings.ts';
import { makeNodeStatus, sameSubstance, type NodeInputs } from './setters.ts';

/** As the kubelet's nodeStatusUpdateFrequency. */
const lookMs = 10_000;
/**
 * A status that has not changed is sent to mend what somebody else wrote over it. The kubelet does so every 5 minutes; of a board on
 * a metered line that would be a quarter of all it sends.
 */
const reportMs = 15 * 60_000;
/** Listing images is the one dear question; the list matters to the scheduler only. */
const imagesMs = 60_000;
/** An engine that does not answer within this is down. */
const runtimeTimeoutMs = 5_000;

export interface NodeStatusManagerOptions {
  nodeName: string;
  dataDir: string;
  /** `0.1.0` */
  bundleVersion: string;
  runtime: Pick<ContainerRuntime, 'version' | 'listImages'>;
  /** Labels of the board's configuration. */
  labels?: Readonly<Record<string, string>>;
  nodeIP?: string;
  /** Whether the pod network is set up. */
  networkReady: () => boolean;
  /** Takes a status that has changed. */
  report: (status: NodeStatus) => void;
  clock: Clock;
  log: Logger;
  /** For tests. */
  readFacts?: () => Promise<NodeFacts>;
  readReadings?: () => Promise<NodeReadings>;
}

/**
 * Watches the board and reports its node status when it changed in substance, and every 15 minutes. Heartbeats are the
 * link's. INVARIANT: one look at a time; facts are read once.
 */
export class NodeStatusManager {
  private readonly options: NodeStatusManagerOptions;
  private facts: NodeFacts | undefined;
  private images: NodeInputs['images'] = [];
  private imagesAt = Number.NEGATIVE_INFINITY;
  private latest: NodeStatus | undefined;
  private reportedAt = Number.NEGATIVE_INFINITY;
  private timer: Timer | undefined;
  private looking: Promise<NodeStatus> | undefined;
  private stopped = false;

  constructor(options: NodeStatusManagerOptions) {
    this.options = options;
  }

  /** Begins to look and report. Facts must be readable: rejects when the engine never answered. */
  async start(): Promise<void> {
    await this.look();
    this.schedule();
  }

  stop(): void {
    this.stopped = true;
    this.timer?.cancel();
  }

  /** The node as it is, for registration. */
  async node(): Promise<Node> {
    const status = await this.look();
    this.reportedAt = this.options.clock.monotonic();
    return {
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name: this.options.nodeName, labels: this.labels(), annotations: { 'volumes.kubernetes.io/controller-managed-attach-detach': 'true' } },
      spec: {},
      status,
    };
  }

  /** Resource name → quantity, as in the node's status. Empty before the first look. */
  get allocatable(): Readonly<Record<string, string>> {
    return this.latest?.allocatable ?? {};
  }

  /** Empty before the first look. */
  get hostIPs(): readonly string[] {
    return this.facts ? [this.facts.internalIP] : [];
  }

  /** Looks now: the engine or the network came or went. */
  refresh(): void {
    // A look under way may have begun before.
    const before = this.looking?.catch(() => undefined) ?? Promise.resolve();
    void before.then(() => this.lookAndReport());
  }

  private labels(): Record<string, string> {
    const architecture = this.facts?.architecture ?? '';
    return {
      'beta.kubernetes.io/arch': architecture,
      'beta.kubernetes.io/os': 'linux',
      'kubernetes.io/arch': architecture,
      'kubernetes.io/os': 'linux',
      'kubernetes.io/hostname': this.options.nodeName,
      ...this.options.labels,
    };
  }

  private schedule(): void {
    if (this.stopped) return;
    this.timer = this.options.clock.after(lookMs, () => {
      void this.lookAndReport().then(() => this.schedule());
    });
  }

  private async lookAndReport(): Promise<void> {
    const { clock, log, report } = this.options;
    try {
      const before = this.latest;
      const status = await this.look();
      if (this.stopped) return;
      const due = clock.monotonic() - this.reportedAt >= reportMs;
      if (before && sameSubstance(before, status) && !due) return;
      this.reportedAt = clock.monotonic();
      report(status);
    } catch (error) {
      log.error('cannot read the state of the board', { error });
    }
  }

  private look(): Promise<NodeStatus> {
    this.looking ??= this.makeStatus().finally(() => { this.looking = undefined; });
    return this.looking;
  }

  private async makeStatus(): Promise<NodeStatus> {
    const { options } = this;
    this.facts ??= await (options.readFacts?.() ?? readNodeFacts({
      dataDir: options.dataDir, runtimeVersion: () => options.runtime.version(), ...(options.nodeIP === undefined ? {} : { nodeIP: options.nodeIP }),
    }));
    const runtimeError = await this.askRuntime();
    const readings = await (options.readReadings?.() ?? readNodeReadings(options.dataDir));
    this.latest = makeNodeStatus({
      facts: this.facts, readings, runtimeError,
      images: this.images,
      kubeletVersion: `v1.36.0+bramble-${options.bundleVersion}`,
      networkReady: options.networkReady(),
      now: timestamp(options.clock.now()),
      previous: this.latest?.conditions ?? [],
    });
    return this.latest;
  }

  /** @returns why the engine does not answer. */
  private async askRuntime(): Promise<string | undefined> {
    const { clock, runtime, log } = this.options;
    const deadline = new AbortController();
    try {
      const tooLate = clock.sleep(runtimeTimeoutMs, deadline.signal).then(() => { throw new Error('the container engine does not answer'); });
      tooLate.catch(() => undefined); // Also rejects when the engine was in time.
      await Promise.race([this.refreshImages(runtime), tooLate]);
      return undefined;
    } catch (error) {
      log.warn('container engine is down', { error });
      return (error as Error).message;
    } finally {
      deadline.abort(new Error('answered'));
    }
  }

  private async refreshImages(runtime: NodeStatusManagerOptions['runtime']): Promise<void> {
    if (this.options.clock.monotonic() - this.imagesAt < imagesMs) {
      await runtime.version();
      return;
    }
    const images = await runtime.listImages();
    this.imagesAt = this.options.clock.monotonic();
    this.images = images.map((image) => ({ names: [...image.digests, ...image.tags], sizeBytes: image.sizeBytes })).filter((image) => image.names.length > 0);
  }
}
