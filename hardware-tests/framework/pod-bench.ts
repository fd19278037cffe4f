/** Pods as a user makes and watches them: created over the API, seen through one watch, spoken to with logs and exec. */
import type { Event, EventList, Pod } from 'kubernetes-types/core/v1';
import { eventually } from '../../machinery/testing/eventually.ts';
import { ApiClient } from '../bench/api-client.ts';
import { podExec, type ExecResult } from './pod-exec.ts';

export interface PodBenchOptions {
  kubeconfig: string;
  namespace: string;
}

type Spec = NonNullable<Pod['spec']>;
export type ContainerSpec = Partial<Spec['containers'][number]>;

/** Of busybox with its applets (tool-images.ts). */
export const toolsImage = 'bramble-test/tools:1';

/** A container that runs a shell script. */
export function shell(script: string, extra: ContainerSpec = {}): Spec['containers'][number] {
  return { name: 'main', image: toolsImage, command: ['/bin/sh', '-c', script], ...extra };
}

/** Ends at SIGTERM at once, and runs until then. */
export const idle = 'trap "exit 0" TERM; while true; do sleep 1 & wait; done';

export class PodBench {
  readonly api: ApiClient;
  private readonly options: PodBenchOptions;
  private readonly seen = new Map<string, Pod[]>();
  private readonly deleted = new Map<string, number>();
  private stopWatch: (() => void) | undefined;

  constructor(options: PodBenchOptions) {
    this.options = options;
    this.api = new ApiClient(options.kubeconfig, 32);
  }

  async start(): Promise<void> {
    const path = `/api/v1/namespaces/${this.options.namespace}/pods?watch=1`;
    this.stopWatch = await this.api.watch(path, ({ type, object }) => {
      const pod = object as Pod;
      const name = pod.metadata?.name ?? '';
      if (type === 'DELETED') this.deleted.set(name, performance.now());
      else this.seen.set(name, [...this.seen.get(name) ?? [], pod]);
    });
  }

  stop(): void {
    this.stopWatch?.();
    this.api.close();
  }

  /** Every state of a pod that the watch has shown, oldest first. */
  history(name: string): Pod[] {
    return this.seen.get(name) ?? [];
  }

  /** @param spec containers, and what else is not the default. */
  async create(name: string, spec: Spec, metadata: Pod['metadata'] = {}): Promise<void> {
    const pod: Pod = {
      apiVersion: 'v1', kind: 'Pod', metadata: { name, ...metadata },
      spec: { terminationGracePeriodSeconds: 1, ...spec },
    };
    await this.api.call('POST', `/api/v1/namespaces/${this.options.namespace}/pods`, pod);
  }

  async object(kind: 'configmaps' | 'secrets' | 'services', body: object): Promise<void> {
    await this.api.call('POST', `/api/v1/namespaces/${this.options.namespace}/${kind}`, { apiVersion: 'v1', ...body });
  }

  async get(name: string): Promise<Pod> {
    return JSON.parse((await this.api.call('GET', this.path(name))).toString()) as Pod;
  }

  /** Resolves with the first state of the pod, past or to come, that fits. */
  async until(name: string, fits: (pod: Pod) => boolean, timeoutMs = 45_000): Promise<Pod> {
    let found: Pod | undefined;
    await eventually(() => {
      found = this.history(name).find((pod) => fits(pod));
      return found !== undefined;
    }, { timeoutMs, everyMs: 20 }).catch((error: unknown) => {
      throw new Error(`pod ${name} never got there: ${JSON.stringify(this.history(name).at(-1)?.status)}`, { cause: error });
    });
    return found!;
  }

  phase(name: string, phase: string, timeoutMs?: number): Promise<Pod> {
    return this.until(name, (pod) => pod.status?.phase === phase, timeoutMs);
  }

  ready(name: string, timeoutMs?: number): Promise<Pod> {
    return this.until(name, (pod) => isReady(pod), timeoutMs);
  }

  /** @param graceSeconds undefined for the pod's own. */
  async delete(name: string, graceSeconds?: number): Promise<void> {
    await this.api.call('DELETE', this.path(name), graceSeconds === undefined ? {} : { kind: 'DeleteOptions', apiVersion: 'v1', gracePeriodSeconds: graceSeconds });
  }

  /** @returns when the watch said so, in milliseconds of performance.now(). */
  async gone(name: string, timeoutMs = 45_000): Promise<number> {
    await eventually(() => this.deleted.has(name), { timeoutMs, everyMs: 20 }).catch((error: unknown) => {
      throw new Error(`pod ${name} is still there: ${JSON.stringify(this.history(name).at(-1))}`, { cause: error });
    });
    return this.deleted.get(name)!;
  }

  /** @param query of the log subresource: `tailLines=1&container=main` */
  async logs(name: string, query = ''): Promise<string> {
    return (await this.api.call('GET', `${this.path(name)}/log?${query}`)).toString();
  }

  /** The log of a pod of one container after it has ended. */
  async output(name: string): Promise<string> {
    await this.until(name, (pod) => ['Succeeded', 'Failed'].includes(pod.status?.phase ?? ''));
    return this.logs(name);
  }

  exec(name: string, command: string[], container = 'main', input?: string): Promise<ExecResult> {
    return podExec(this.options.kubeconfig, { namespace: this.options.namespace, pod: name, container }, command, input);
  }

  async events(name: string): Promise<Event[]> {
    const selector = encodeURIComponent(`involvedObject.name=${name}`);
    return (JSON.parse((await this.api.call('GET', `/api/v1/namespaces/${this.options.namespace}/events?fieldSelector=${selector}`)).toString()) as EventList).items;
  }

  /** Waits for an event of the pod and gives it back. */
  async event(name: string, reason: string, message: RegExp, timeoutMs = 30_000): Promise<Event> {
    let events: Event[] = [];
    let found: Event | undefined;
    await eventually(async () => {
      events = await this.events(name);
      found = events.find((event) => event.reason === reason && message.test(event.message ?? ''));
      return found !== undefined;
    }, { timeoutMs, everyMs: 100 }).catch((error: unknown) => {
      throw new Error(`pod ${name} has no event ${reason} ${message}: ${JSON.stringify(events.map((event) => [event.reason, event.message]))}`, { cause: error });
    });
    return found!;
  }

  private path(name: string): string {
    return `/api/v1/namespaces/${this.options.namespace}/pods/${name}`;
  }
}

export function condition(pod: Pod, type: string) {
  return pod.status?.conditions?.find((one) => one.type === type);
}

export function isReady(pod: Pod): boolean {
  return condition(pod, 'Ready')?.status === 'True';
}

/** The status of a container by its name, of whichever kind. */
export function containerStatus(pod: Pod, name = 'main') {
  return [...pod.status?.containerStatuses ?? [], ...pod.status?.initContainerStatuses ?? []].find((status) => status.name === name);
}
