/** The group-versions that extension API servers answer, by the APIServices in the store. Follows k8s.io/kube-aggregator. */
import type { APIService } from '../../api/apiregistration.ts';
import { apiServices } from '../../api/resources.ts';
import type { AggregatedGroupVersion, AggregatedGroupVersions, AggregatedResource } from '../apiserver/discovery/group-versions.ts';
import { listPrefix } from '../storage/keys.ts';
import type { Storage } from '../storage/storage.ts';
import type { ExtensionSwagger } from './extension-swagger.ts';

export class AggregatedServices implements AggregatedGroupVersions {
  /** Where the OpenAPI 2 documents of the servers come from. Absent: they are not merged (tests). */
  swagger: Pick<ExtensionSwagger, 'fingerprint' | 'parts'> | undefined;
  private readonly storage: Pick<Storage, 'list' | 'watch' | 'revision'>;
  private readonly discovered = new Map<string, readonly AggregatedResource[]>();
  /** Name of the APIService → where its server says that its OpenAPI 3 document is. */
  private readonly documents = new Map<string, string>();
  /** `group/version` → its APIService; undefined: to be read again. */
  private services: ReadonlyMap<string, APIService> | undefined;
  private shown: readonly AggregatedGroupVersion[] | undefined;
  private readonly unwatch: () => void;

  constructor(storage: Pick<Storage, 'list' | 'watch' | 'revision'>) {
    this.storage = storage;
    this.unwatch = storage.watch(listPrefix(apiServices), storage.revision, { events: () => this.forget(), closed: () => {} });
  }

  get groupVersions(): readonly AggregatedGroupVersion[] {
    this.shown ??= [...this.byGroupVersion().values()].map((service) => ({
      group: service.spec!.group ?? '', version: service.spec!.version ?? '', groupPriorityMinimum: service.spec!.groupPriorityMinimum, versionPriority: service.spec!.versionPriority,
      // What a server that is away last said is not what it serves.
      resources: isAvailable(service) ? this.discovered.get(service.metadata?.name ?? '') : undefined,
    }));
    return this.shown;
  }

  /** @returns undefined for what this server answers itself. */
  find(group: string, version: string): APIService | undefined {
    return this.byGroupVersion().get(`${group}/${version}`);
  }

  /** Those with a Service. */
  list(): readonly APIService[] {
    return [...this.byGroupVersion().values()];
  }

  /** @param name of the APIService. @returns undefined before its server was asked. */
  resourcesOf(name: string): readonly AggregatedResource[] | undefined {
    return this.discovered.get(name);
  }

  /** What the extension server lists. */
  setResources(name: string, resources: readonly AggregatedResource[]): void {
    this.discovered.set(name, resources);
    this.shown = undefined;
  }

  /** @param url of the OpenAPI 3 document of the group-version, with its hash; undefined: there is none. */
  setDocument(name: string, url: string | undefined): void {
    if (url === undefined) this.documents.delete(name);
    else this.documents.set(name, url);
  }

  /** `apis/metrics.k8s.io/v1beta1` → where its OpenAPI 3 document is. */
  get openApiPaths(): Readonly<Record<string, string>> {
    return Object.fromEntries([...this.byGroupVersion()].flatMap(([groupVersion, service]) => {
      const url = isAvailable(service) ? this.documents.get(service.metadata?.name ?? '') : undefined;
      return url === undefined ? [] : [[`apis/${groupVersion}`, url]];
    }));
  }

  stop(): void {
    this.unwatch();
  }

  private byGroupVersion(): ReadonlyMap<string, APIService> {
    this.services ??= new Map(this.storage.list(listPrefix(apiServices)).items
      .map(({ object }) => object as APIService).filter(({ spec }) => spec?.service)
      .map((service) => [`${service.spec!.group}/${service.spec!.version}`, service]));
    return this.services;
  }

  private forget(): void {
    this.services = undefined;
    this.shown = undefined;
  }
}

export function isAvailable({ status }: APIService): boolean {
  return !!status?.conditions?.some(({ type, status: value }) => type === 'Available' && value === 'True');
}
