/** The real registry over a memory store, the real controllers, and a board that only pretends to run pods. */
import type { Deployment } from '../../../api/apps.ts';
import type { Node, Pod } from '../../../api/core.ts';
import { isNotFound } from '../../../api/errors.ts';
import { objectKey } from '../../../api/meta.ts';
import { nodes, pods } from '../../../api/resources.ts';
import { timestamp } from '../../../machinery/clock.ts';
import { Controller } from '../../../machinery/controller.ts';
import { createInformer } from '../../../machinery/informer.ts';
import { silentLogger } from '../../../machinery/logger.ts';
import type { TestRegistry } from '../../registry/testing/test-registry.ts';
import { createTestRegistry } from '../../registry/testing/test-registry.ts';
import { startControllers } from '../controllers.ts';
import type { ControllerSettings, RunningControllers } from '../controllers.ts';
import { SharedInformers } from '../shared-informers.ts';

export interface FakeBoardOptions {
  /** Whether a pod's containers ever turn ready. Default: all do. */
  turnsReady?: (pod: Pod) => boolean;
  /** Milliseconds from binding to ready. Default 0. */
  startMs?: number;
  /** Milliseconds from deletion to gone. Default 0. */
  stopMs?: number;
}

export interface TestClusterOptions extends FakeBoardOptions {
  /** Names of controllers. Default: all. */
  only?: readonly string[];
  settings?: Partial<ControllerSettings>;
  namespaces?: string[];
}

export class TestCluster {
  readonly test: TestRegistry;
  private readonly options: TestClusterOptions;
  private readonly aborter = new AbortController();
  private readonly starts = new Map<string, number>();
  private informers: SharedInformers | undefined;
  private running: RunningControllers | undefined;
  private board: Controller | undefined;
  private addresses = 0;
  private draws = 0;

  constructor(test: TestRegistry, options: TestClusterOptions) {
    this.test = test;
    this.options = options;
  }

  get client() {
    return this.test.client;
  }

  /** A control plane that starts: nothing is remembered but what is stored. */
  async startControllers(): Promise<void> {
    const { client, clock } = this.test;
    this.informers = new SharedInformers({ client, clock, logger: silentLogger });
    this.running = startControllers({
      client, catalog: this.test.registry.catalog, informers: this.informers, clock, logger: silentLogger, random: () => this.nextRandom(),
      options: { serviceAccount: { caCertificate: 'CA' }, nodeIpam: { clusterCidr: '198.19.0.0/16' }, ...this.options.settings },
      ...(this.options.only ? { only: this.options.only } : {}),
    });
    await this.running.started;
  }

  /** Different every time, the same in every run. */
  private nextRandom(): number {
    this.draws += 1;
    return (this.draws * 0.618034) % 1;
  }

  async stopControllers(): Promise<void> {
    await this.running?.stop();
    this.informers?.stop();
  }

  async stop(): Promise<void> {
    await this.stopControllers();
    await this.board?.stop();
    this.aborter.abort();
  }

  /** Binds pods to `board-1`, brings them up and takes them down. */
  startBoard(): void {
    const { client, clock } = this.test;
    const informer = createInformer({ client: client.resource(pods), clock, logger: silentLogger });
    const board = new Controller({ name: 'board', workers: 4, reconcile: (key) => this.runPod(informer.get(key)), clock, logger: silentLogger, random: () => 0 });
    const enqueue = (pod: Pod) => board.enqueue(objectKey(pod));
    informer.addHandler({ added: enqueue, updated: (_previous, pod) => enqueue(pod), deleted: () => {} });
    informer.start(this.aborter.signal);
    board.start(this.aborter.signal);
    this.board = board;
  }

  private async runPod(pod: Pod | undefined): Promise<void> {
    if (!pod) return;
    const { name = '', namespace = '', uid = '' } = pod.metadata ?? {};
    const { client, clock } = this.test;
    try {
      if (pod.metadata?.deletionTimestamp) {
        if (this.due(`stop/${uid}`, this.options.stopMs ?? 0, pod)) await client.resource(pods).delete(name, namespace, { gracePeriodSeconds: 0, preconditions: { uid } });
      } else if (!pod.spec?.nodeName) {
        await client.bind(namespace, name, uid, 'board-1');
      } else if (pod.status?.phase === 'Pending' && this.due(`start/${uid}`, this.options.startMs ?? 0, pod)) {
        const ready = this.options.turnsReady?.(pod) ?? true;
        this.addresses += 1;
        const podIP = `198.19.${Math.floor(this.addresses / 250)}.${(this.addresses % 250) + 1}`;
        await client.resource(pods).modify(name, namespace, (copy) => ({
          ...copy,
          status: {
            ...copy.status, phase: 'Running', podIP, podIPs: [{ ip: podIP }],
            conditions: [{ type: 'Ready', status: ready ? 'True' : 'False', lastTransitionTime: timestamp(clock.now()) }],
          },
        }), 'status');
      }
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  private due(what: string, delay: number, pod: Pod): boolean {
    const now = this.test.clock.monotonic();
    const at = this.starts.get(what) ?? now + delay;
    this.starts.set(what, at);
    if (now >= at) return true;
    this.board?.enqueueAfter(objectKey(pod), at - now);
    return false;
  }

  /** Sets the Ready condition as a board would. */
  async setPodReady(name: string, ready: boolean): Promise<void> {
    await this.client.resource(pods).modify(name, 'default', (copy) => ({
      ...copy,
      status: { ...copy.status, conditions: [{ type: 'Ready', status: ready ? 'True' : 'False', lastTransitionTime: timestamp(this.test.clock.now()) }] },
    }), 'status');
  }

  async addNode(name: string, status: 'True' | 'False' = 'True'): Promise<Node> {
    const client = this.client.resource(nodes);
    await client.create({ metadata: { name } });
    return client.modify(name, undefined, (copy) => ({ ...copy, status: { ...copy.status, conditions: nodeConditions(status, this.test.clock.now()) } }), 'status');
  }

  /** Resolves when nothing has been written for a while of event loop turns. */
  async settle(): Promise<void> {
    let last = -1;
    for (let quiet = 0; quiet < 20; quiet++) {
      await new Promise((resolve) => setImmediate(resolve));
      if (this.test.storage.revision !== last) quiet = 0;
      last = this.test.storage.revision;
    }
  }

  /** Lets time pass in steps, so that what one step causes happens before the next. */
  async advance(milliseconds: number, step = 1000): Promise<void> {
    for (let passed = 0; passed < milliseconds; passed += step) {
      await this.test.clock.advance(Math.min(step, milliseconds - passed));
      await this.settle();
    }
  }

  pods(): Pod[] {
    return [...this.test.registry.of(pods).list({ labelSelector: [], fieldSelector: [] }).items];
  }
}

export function nodeConditions(status: 'True' | 'False', now: number): NonNullable<NonNullable<Node['status']>['conditions']> {
  const time = timestamp(now);
  return [
    { type: 'MemoryPressure', status: 'False', reason: 'KubeletHasSufficientMemory', message: '', lastHeartbeatTime: time, lastTransitionTime: time },
    { type: 'Ready', status, reason: 'KubeletReady', message: '', lastHeartbeatTime: time, lastTransitionTime: time },
  ];
}

/** With a running board; controllers are started. */
export async function startTestCluster(options: TestClusterOptions = {}): Promise<TestCluster> {
  const cluster = new TestCluster(await createTestRegistry({ ...(options.namespaces ? { namespaces: options.namespaces } : {}) }), options);
  cluster.startBoard();
  await cluster.startControllers();
  await cluster.settle();
  return cluster;
}

export function makeDeployment(name: string, image: string, spec: Partial<NonNullable<Deployment['spec']>> = {}): Deployment {
  return {
    apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name, namespace: 'default' },
    spec: {
      replicas: 3,
      selector: { matchLabels: { app: name } },
      template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'main', image }], terminationGracePeriodSeconds: 30 } },
      ...spec,
    },
  };
}
