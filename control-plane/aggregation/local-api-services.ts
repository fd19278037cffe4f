/**
 * An APIService for each group-version that this server answers itself, so that clients that list them see all there is.
 * Follows k8s.io/kube-aggregator/pkg/controllers/autoregister and crdregistration.
 */
import type { APIService } from '../../api/apiregistration.ts';
import { isAlreadyExists, isNotFound } from '../../api/errors.ts';
import { apiServices, builtInResources } from '../../api/resources.ts';
import type { ApiClient } from '../../machinery/client.ts';
import type { Logger } from '../../machinery/logger.ts';
import { customGroupPriority, customVersionPriority, builtInPriorities } from '../apiserver/discovery/group-versions.ts';
import type { ResourceCatalog } from '../registry/resource-catalog.ts';

/** `onstart`: of the server itself; `true`: of CustomResourceDefinitions, goes with them. */
const managedLabel = 'kube-aggregator.kubernetes.io/automanaged';
/** Whoever can read APIServices knows of the group that has them. */
const ownGroup = 'apiregistration.k8s.io';
const builtInGroupVersions = new Set(builtInResources.map(({ group, version }) => `${version}.${group}`));
/** Kubernetes' priorities of versions within a group where they are not 15. */
const versionPriorities: Readonly<Record<string, number>> = { 'v1.': 1, 'v2.autoscaling': 30, 'v1.flowcontrol.apiserver.k8s.io': 21 };

export interface LocalApiServicesOptions {
  client: ApiClient;
  catalog: ResourceCatalog;
  logger: Logger;
}

export class LocalApiServices {
  private readonly options: LocalApiServicesOptions;
  private running: Promise<void> | undefined;
  private again = false;
  private unsubscribe = (): void => {};

  constructor(options: LocalApiServicesOptions) {
    this.options = options;
  }

  /** Resolves when they are there. */
  async start(): Promise<void> {
    this.unsubscribe = this.options.catalog.onChange(() => this.wake());
    this.wake();
    await this.running;
  }

  async stop(): Promise<void> {
    this.unsubscribe();
    this.again = false;
    await this.running;
  }

  private wake(): void {
    if (this.running) {
      this.again = true;
      return;
    }
    this.running = this.synchronize().catch((error: unknown) => {
      this.options.logger.warn('The APIServices of this server could not be brought up to date', { error });
    }).finally(() => {
      this.running = undefined;
      if (!this.again) return;
      this.again = false;
      this.wake();
    });
  }

  private async synchronize(): Promise<void> {
    const services = this.options.client.resource(apiServices);
    const wanted = new Map(this.options.catalog.resources.filter(({ group }) => group !== ownGroup).map(({ group, version }) => [`${version}.${group}`, localService(group, version)]));
    const { items } = await services.list();
    const present = new Set(items.map(({ metadata }) => metadata?.name ?? ''));
    await Promise.all([
      ...[...wanted].filter(([name]) => !present.has(name)).map(([, service]) => services.create(service).catch(unless(isAlreadyExists))),
      ...items.filter(({ metadata }) => metadata?.labels?.[managedLabel] !== undefined && !wanted.has(metadata.name ?? ''))
        .map(({ metadata }) => services.delete(metadata?.name ?? '', undefined).catch(unless(isNotFound))),
    ]);
  }
}

function unless(harmless: (error: unknown) => boolean): (error: unknown) => void {
  return (error) => { if (!harmless(error)) throw error; };
}

function localService(group: string, version: string): APIService {
  const name = `${version}.${group}`;
  const isBuiltIn = builtInGroupVersions.has(name);
  return {
    metadata: { name, labels: { [managedLabel]: isBuiltIn ? 'onstart' : 'true' } },
    spec: {
      ...(group ? { group } : {}), version,
      groupPriorityMinimum: (isBuiltIn ? builtInPriorities[group] : undefined) ?? customGroupPriority,
      versionPriority: isBuiltIn ? versionPriorities[name] ?? 15 : customVersionPriority,
    },
  };
}
