/** Says in each APIService whether its server answers, and asks it what it serves. Follows kube-aggregator's availability controllers. */
import type { APIService, APIServiceCondition } from '../../api/apiregistration.ts';
import { isNotFound } from '../../api/errors.ts';
import type { KubernetesObject } from '../../api/meta.ts';
import { apiServices, endpointSlices, services, type Resource } from '../../api/resources.ts';
import type { ApiClient } from '../../machinery/client.ts';
import { timestamp, type Clock, type Timer } from '../../machinery/clock.ts';
import type { Logger } from '../../machinery/logger.ts';
import type { AdmissionStore } from '../admission/admission-store.ts';
import type { AggregatedResource } from '../apiserver/discovery/group-versions.ts';
import type { UserInfo } from '../registry/registry.ts';
import { listPrefix } from '../storage/keys.ts';
import type { Storage } from '../storage/storage.ts';
import type { AggregatedServices } from './aggregated-services.ts';
import { askExtension } from './ask-extension.ts';
import type { ExtensionAccess } from './extension-request.ts';

export interface AvailabilityOptions extends ExtensionAccess {
  aggregated: AggregatedServices;
  store: AdmissionStore;
  /** Tells of changes. */
  storage: Pick<Storage, 'watch' | 'revision'>;
  client: ApiClient;
  clock: Clock;
  logger: Logger;
}

type Verdict = Pick<APIServiceCondition, 'status' | 'reason' | 'message'>;

const checkEveryMs = 10_000;
const aggregator: UserInfo = { name: 'system:kube-aggregator', groups: ['system:masters'] };
const unavailable = (reason: string, message: string): Verdict => ({ status: 'False', reason, message });
const passed: Verdict = { status: 'True', reason: 'Passed', message: 'all checks passed' };

export class AvailabilityController {
  private readonly options: AvailabilityOptions;
  private timer: Timer | undefined;
  private running: Promise<void> | undefined;
  private again = false;
  private stopped = false;
  private unwatch: (() => void)[] = [];
  /** Name → what was asked of it when it was last looked at. */
  private readonly specs = new Map<string, string>();

  constructor(options: AvailabilityOptions) {
    this.options = options;
  }

  start(): void {
    const { storage } = this.options;
    this.unwatch = [apiServices, services, endpointSlices].map((resource) =>
      storage.watch(listPrefix(resource), storage.revision, { events: (events) => { if (events.some(({ object }) => this.concerns(resource, object))) this.wake(); }, closed: () => {} }));
    this.wake();
  }

  async stop(): Promise<void> {
    this.stopped = true;
    this.timer?.cancel();
    for (const unwatch of this.unwatch) unwatch();
    await this.running;
  }

  /** At once; after a check that is under way. */
  private wake(): void {
    if (this.stopped) return;
    if (this.running) {
      this.again = true;
      return;
    }
    this.timer?.cancel();
    this.running = this.checkAll().finally(() => {
      this.running = undefined;
      if (this.stopped) return;
      if (this.again) {
        this.again = false;
        this.wake();
      } else if (this.options.aggregated.list().length > 0) {
        this.timer = this.options.clock.after(checkEveryMs, () => this.wake());
      }
    });
  }

  /** What this controller writes itself is no reason to look again. */
  private concerns(resource: Resource, object: KubernetesObject): boolean {
    const { name = '', namespace } = object.metadata ?? {};
    if (resource === apiServices) {
      const { spec } = object as APIService;
      return spec?.service !== undefined && this.specs.get(name) !== JSON.stringify(spec);
    }
    const service = resource === services ? name : object.metadata?.labels?.['kubernetes.io/service-name'];
    return this.options.aggregated.list().some(({ spec }) => spec?.service?.namespace === namespace && spec?.service?.name === service);
  }

  /** Never rejects. */
  async checkAll(): Promise<void> {
    await Promise.all(this.options.aggregated.list().map(async (service) => {
      this.specs.set(service.metadata?.name ?? '', JSON.stringify(service.spec));
      try {
        await this.write(service, await this.check(service));
      } catch (error) {
        this.options.logger.warn('The availability of an APIService is not known', { apiService: service.metadata?.name, error });
      }
    }));
    const present = new Set(this.options.aggregated.list().map(({ metadata }) => metadata?.name));
    for (const name of this.specs.keys()) if (!present.has(name)) this.specs.delete(name);
  }

  private async check(service: APIService): Promise<Verdict> {
    const { namespace = '', name = '' } = service.spec!.service!;
    const missing = this.missing(service);
    if (missing) return missing;
    const groupVersionPath = `apis/${service.spec!.group}/${service.spec!.version}`;
    const path = `/${groupVersionPath}`;
    try {
      const { resources } = await this.ask(service, path);
      this.options.aggregated.setResources(service.metadata?.name ?? '', Array.isArray(resources) ? resources as AggregatedResource[] : []);
      this.options.aggregated.setDocument(service.metadata?.name ?? '', await this.findDocument(service, groupVersionPath));
      return passed;
    } catch (error) {
      return unavailable('FailedDiscoveryCheck', `failing or missing response from https://${name}.${namespace}.svc${path}: ${(error as Error).message}`);
    }
  }

  /** What has to be there before anybody can be asked. An ExternalName has neither ports nor endpoints: its server is just asked. */
  private missing({ spec }: APIService): Verdict | undefined {
    const { namespace = '', name = '', port = 443 } = spec!.service!;
    const there = this.options.store.get(services, namespace, name);
    const quoted = JSON.stringify(namespace);
    if (!there) return unavailable('ServiceNotFound', `service/${name} in ${quoted} is not present`);
    if ((there.spec?.type ?? 'ClusterIP') !== 'ClusterIP') return undefined;
    const servicePort = there.spec?.ports?.find((candidate) => candidate.port === port);
    if (!servicePort) return unavailable('ServicePortError', `service/${name} in ${quoted} is not listening on port ${port}`);
    const slices = this.options.store.list(endpointSlices, namespace).filter(({ metadata }) => metadata?.labels?.['kubernetes.io/service-name'] === name);
    if (slices.length === 0) return unavailable('EndpointsNotFound', `cannot find endpointslices for service/${name} in ${quoted}`);
    const portName = servicePort.name ?? '';
    const ready = slices.some(({ endpoints, ports }) => endpoints.some(({ conditions }) => conditions?.ready !== false)
      && ports?.some((candidate) => (candidate.name ?? '') === portName && candidate.port !== undefined));
    return ready ? undefined : unavailable('MissingEndpoints', `endpointslices for service/${name} in ${quoted} have no addresses with port name ${JSON.stringify(portName)}`);
  }

  /** Servers without OpenAPI 3 are fine: nobody can explain their kinds. */
  private async findDocument(service: APIService, groupVersionPath: string): Promise<string | undefined> {
    try {
      const { paths } = await this.ask(service, '/openapi/v3') as { paths?: Record<string, { serverRelativeURL?: unknown } | undefined> };
      const url = paths?.[groupVersionPath]?.serverRelativeURL;
      return typeof url === 'string' && url.startsWith(`/openapi/v3/${groupVersionPath}`) ? url : undefined;
    } catch (error) {
      this.options.logger.debug('An extension API server has no OpenAPI 3 documents', { apiService: service.metadata?.name, error });
      return undefined;
    }
  }

  private async ask(service: APIService, path: string): Promise<Readonly<Record<string, unknown>>> {
    const { code, value } = await askExtension(this.options, this.options.clock, service, { method: 'GET', path, user: aggregator });
    if (code !== 200) throw new Error(`bad status from the server: ${code}`);
    return value;
  }

  private async write(service: APIService, verdict: Verdict): Promise<void> {
    const before = service.status?.conditions?.find(({ type }) => type === 'Available');
    if (before && before.status === verdict.status && before.reason === verdict.reason && before.message === verdict.message) return;
    const lastTransitionTime = before?.status === verdict.status && before.lastTransitionTime ? before.lastTransitionTime : timestamp(this.options.clock.now());
    try {
      await this.options.client.resource(apiServices).modify(service.metadata?.name ?? '', undefined, (copy) => ({
        ...copy, status: { conditions: [...(copy.status?.conditions ?? []).filter(({ type }) => type !== 'Available'), { type: 'Available', lastTransitionTime, ...verdict }] },
      }), 'status');
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
}
