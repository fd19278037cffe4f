/**
 * What extension API servers keep in a namespace: it goes with it. Follows pkg/controller/namespace/deletion:
 * namespaced_resources_deleter, which does not let a namespace go while a server cannot be asked.
 */
import type { APIService } from '../../api/apiregistration.ts';
import type { KubernetesObject } from '../../api/meta.ts';
import type { Clock } from '../../machinery/clock.ts';
import type { AggregatedResource } from '../apiserver/discovery/group-versions.ts';
import type { UserInfo } from '../registry/registry.ts';
import { isAvailable, type AggregatedServices } from './aggregated-services.ts';
import { askExtension } from './ask-extension.ts';
import type { ExtensionAccess } from './extension-request.ts';

export interface ExtensionRemainder {
  resource: { plural: string; group: string };
  objects: readonly KubernetesObject[];
}

export interface ExtensionDeletion {
  /** Kinds of which something is left. */
  remainders: ExtensionRemainder[];
  /** Why something could not be deleted. */
  failures: Error[];
  /** Why it is not known what there is. */
  undiscovered: string[];
}

export interface ExtensionContentOptions extends ExtensionAccess {
  services: Pick<AggregatedServices, 'list' | 'resourcesOf'>;
  clock: Pick<Clock, 'after'>;
}

const account = 'system:serviceaccount:kube-system:namespace-controller';
const user: UserInfo = { name: account, groups: ['system:serviceaccounts', 'system:serviceaccounts:kube-system', 'system:authenticated'] };

export class ExtensionContent {
  private readonly options: ExtensionContentOptions;

  constructor(options: ExtensionContentOptions) {
    this.options = options;
  }

  /** Never rejects. */
  async deleteFrom(namespace: string): Promise<ExtensionDeletion> {
    const deletion: ExtensionDeletion = { remainders: [], failures: [], undiscovered: [] };
    for (const service of this.options.services.list()) {
      const { group = '', version = '' } = service.spec ?? {};
      const resources = isAvailable(service) ? this.options.services.resourcesOf(service.metadata?.name ?? '') : undefined;
      if (!resources) {
        deletion.undiscovered.push(`${group}/${version}: stale GroupVersion discovery: ${group}/${version}`);
        continue;
      }
      for (const resource of resources.filter(isDeletable)) {
        try {
          const objects = await this.deleteKind(service, resource, namespace);
          if (objects.length > 0) deletion.remainders.push({ resource: { plural: resource.name, group }, objects });
        } catch (error) {
          deletion.failures.push(error instanceof Error ? error : new Error(String(error)));
        }
      }
    }
    return deletion;
  }

  /** @returns what is left. */
  private async deleteKind(service: APIService, { name, verbs }: AggregatedResource, namespace: string): Promise<readonly KubernetesObject[]> {
    const collection = `/apis/${service.spec!.group}/${service.spec!.version}/namespaces/${encodeURIComponent(namespace)}/${name}`;
    if (verbs.includes('deletecollection')) await this.ask(service, 'DELETE', `${collection}?propagationPolicy=Background`);
    if (!verbs.includes('list')) return [];
    const before = await this.list(service, collection);
    if (before.length === 0 || verbs.includes('deletecollection')) return before;
    for (const { metadata } of before) await this.ask(service, 'DELETE', `${collection}/${encodeURIComponent(metadata?.name ?? '')}?propagationPolicy=Background`);
    return this.list(service, collection);
  }

  private async list(service: APIService, collection: string): Promise<readonly KubernetesObject[]> {
    const { items } = await this.ask(service, 'GET', collection);
    return Array.isArray(items) ? items as KubernetesObject[] : [];
  }

  private async ask(service: APIService, method: 'GET' | 'DELETE', path: string): Promise<Readonly<Record<string, unknown>>> {
    const { code, value } = await askExtension(this.options, this.options.clock, service, { method, path, user });
    // Gone already, or never to be listed and deleted: nothing is left to do.
    if (code === 404 || code === 405) return {};
    if (code >= 400) throw new Error(typeof value['message'] === 'string' ? value['message'] : `${method} ${path}: the server answered ${code}`);
    return value;
  }
}

/** What a server says of itself may lack anything. */
function isDeletable({ name = '', namespaced, verbs = [] }: Partial<AggregatedResource>): boolean {
  return namespaced === true && !name.includes('/') && verbs.includes('delete');
}
