/** Says in each APIService whether its server answers, and asks it what it serves. Follows kube-aggregator's availability controllers. */
import type { IncomingMessage } from 'node:http';
import type { APIService, APIServiceCondition } from '../../api/apiregistration.ts';
import { isNotFound } from '../../api/errors.ts';
import { apiServices, endpointSlices, services } from '../../api/resources.ts';
import type { ApiClient } from '../../machinery/client.ts';
import { timestamp, type Clock, type Timer } from '../../machinery/clock.ts';
import type { Logger } from '../../machinery/logger.ts';
import type { AdmissionStore } from '../admission/admission-store.ts';
import type { AggregatedResource } from '../apiserver/discovery/group-versions.ts';
import type { AggregatedServices } from './aggregated-services.ts';
import { beginExtensionRequest, type ExtensionAccess } from './extension-request.ts';

export interface AvailabilityOptions extends ExtensionAccess {
  aggregated: AggregatedServices;
  store: AdmissionStore;
  client: ApiClient;
  clock: Clock;
  logger: Logger;
}

type Verdict = Pick<APIServiceCondition, 'status' | 'reason' | 'message'>;

const checkEveryMs = 10_000;
const timeoutMs = 5000;
const maxDiscoveryBytes = 1024 * 1024;
const passed: Verdict = { status: 'True', reason: 'Passed', message: 'all checks passed' };

export class AvailabilityController {
  private readonly options: AvailabilityOptions;
  private timer: Timer | undefined;
  private running: Promise<void> = Promise.resolve();
  private stopped = false;

  constructor(options: AvailabilityOptions) {
    this.options = options;
  }

  start(): void {
    this.running = this.checkAll().then(() => {
      if (!this.stopped) this.timer = this.options.clock.after(checkEveryMs, () => this.start());
    });
  }

  async stop(): Promise<void> {
    this.stopped = true;
    this.timer?.cancel();
    await this.running;
  }

  /** Never rejects. */
  async checkAll(): Promise<void> {
    for (const service of this.options.aggregated.list()) {
      try {
        await this.write(service, await this.check(service));
      } catch (error) {
        this.options.logger.warn('The availability of an APIService is not known', { apiService: service.metadata?.name, error });
      }
    }
  }

  private async check(service: APIService): Promise<Verdict> {
    const { namespace = '', name = '' } = service.spec!.service!;
    const unavailable = (reason: string, message: string): Verdict => ({ status: 'False', reason, message });
    if (!this.options.store.get(services, namespace, name)) return unavailable('ServiceNotFound', `service/${name} in ${JSON.stringify(namespace)} is not present`);
    const slices = this.options.store.list(endpointSlices, namespace).filter(({ metadata }) => metadata?.labels?.['kubernetes.io/service-name'] === name);
    if (slices.length === 0) return unavailable('EndpointsNotFound', `cannot find endpointslices for service/${name} in ${JSON.stringify(namespace)}`);
    if (!slices.some(({ endpoints }) => endpoints.some(({ conditions }) => conditions?.ready !== false))) {
      return unavailable('MissingEndpoints', `endpoints for service/${name} in ${JSON.stringify(namespace)} have no addresses`);
    }
    const path = `/apis/${service.spec!.group}/${service.spec!.version}`;
    try {
      this.options.aggregated.setResources(service.metadata?.name ?? '', await this.discover(service, path));
      return passed;
    } catch (error) {
      return unavailable('FailedDiscoveryCheck', `failing or missing response from https://${name}.${namespace}.svc${path}: ${(error as Error).message}`);
    }
  }

  private async discover(service: APIService, path: string): Promise<readonly AggregatedResource[]> {
    const call = await beginExtensionRequest(this.options, service, {
      method: 'GET', path, headers: { accept: 'application/json', 'X-Remote-User': 'system:kube-aggregator', 'X-Remote-Group': 'system:masters' },
    });
    const timer = this.options.clock.after(timeoutMs, () => { call.destroy(new Error('context deadline exceeded')); });
    try {
      const response = await new Promise<IncomingMessage>((resolve, reject) => {
        call.once('response', resolve);
        call.on('error', reject);
        call.end();
      });
      let text = '';
      for await (const chunk of response.setEncoding('utf8')) {
        text += chunk as string;
        if (text.length > maxDiscoveryBytes) throw new Error('the answer is too long');
      }
      if (response.statusCode !== 200) throw new Error(`bad status from the server: ${response.statusCode}`);
      const { resources } = JSON.parse(text) as { resources?: unknown };
      return Array.isArray(resources) ? resources as AggregatedResource[] : [];
    } finally {
      timer.cancel();
      call.destroy();
    }
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
