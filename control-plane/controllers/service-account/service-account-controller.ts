/**
 * What every namespace has from the start: the ServiceAccount `default`, which pods run as, and the ConfigMap
 * `kube-root-ca.crt`, by which they know the API server. Follows k8s.io/kubernetes/pkg/controller/serviceaccount and
 * certificates/rootcacertpublisher.
 */
import type { ConfigMap, Namespace, ServiceAccount } from '../../../api/core.ts';
import { isAlreadyExists, isForbidden, isNotFound } from '../../../api/errors.ts';
import { namespacedKey } from '../../../api/meta.ts';
import type { KubernetesObject } from '../../../api/meta.ts';
import { configMaps, namespaces, serviceAccounts } from '../../../api/resources.ts';
import type { ResourceClient } from '../../../machinery/client.ts';
import { Controller } from '../../../machinery/controller.ts';
import type { Informer } from '../../../machinery/informer.ts';
import type { ControllerContext, RunnableController } from '../controller-context.ts';

const accountName = 'default';
const rootCaName = 'kube-root-ca.crt';
const descriptionAnnotation = 'kubernetes.io/description';
const description = 'Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal '
  + 'service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters.';

export interface ServiceAccountOptions {
  /** PEM of the certificate authority that signs the API server's certificate. */
  caCertificate: string;
}

export class ServiceAccountController implements RunnableController {
  private readonly accountClient: ResourceClient<ServiceAccount>;
  private readonly configMapClient: ResourceClient<ConfigMap>;
  private readonly namespaceInformer: Informer<Namespace>;
  private readonly accountInformer: Informer<ServiceAccount>;
  private readonly configMapInformer: Informer<ConfigMap>;
  private readonly caCertificate: string;
  private readonly controller: Controller;

  constructor({ client, informers, clock, logger, random }: ControllerContext, options: ServiceAccountOptions) {
    this.accountClient = client.resource(serviceAccounts);
    this.configMapClient = client.resource(configMaps);
    this.namespaceInformer = informers.of(namespaces);
    this.accountInformer = informers.of(serviceAccounts);
    this.configMapInformer = informers.of(configMaps);
    this.caCertificate = options.caCertificate;
    this.controller = new Controller({ name: 'service-account', workers: 1, reconcile: (key) => this.reconcile(key), clock, logger, random });
    const enqueue = (namespace: Namespace) => this.controller.enqueue(namespace.metadata?.name ?? '');
    this.namespaceInformer.addHandler({ added: enqueue, updated: (_previous, namespace) => enqueue(namespace), deleted: () => {} });
    const watch = (name: string) => (object: KubernetesObject) => {
      if (object.metadata?.name === name && object.metadata.namespace) this.controller.enqueue(object.metadata.namespace);
    };
    this.accountInformer.addHandler({ added: () => {}, updated: () => {}, deleted: watch(accountName) });
    this.configMapInformer.addHandler({ added: () => {}, updated: (_previous, map) => watch(rootCaName)(map), deleted: watch(rootCaName) });
  }

  start(signal: AbortSignal): void {
    this.controller.start(signal);
  }

  stop(): Promise<void> {
    return this.controller.stop();
  }

  private async reconcile(name: string): Promise<void> {
    const namespace = this.namespaceInformer.get(name);
    if (!namespace || namespace.metadata?.deletionTimestamp) return;
    try {
      if (!this.accountInformer.get(namespacedKey(name, accountName))) {
        await this.accountClient.create({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: accountName, namespace: name } });
      }
      await this.ensureRootCa(name);
    } catch (error) {
      // Somebody was quicker, or the namespace is going away.
      if (!isAlreadyExists(error) && !isNotFound(error) && !isForbidden(error)) throw error;
    }
  }

  private async ensureRootCa(namespace: string): Promise<void> {
    const wanted = { 'ca.crt': this.caCertificate };
    const existing = this.configMapInformer.get(namespacedKey(namespace, rootCaName));
    if (!existing) {
      await this.configMapClient.create({
        apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: rootCaName, namespace, annotations: { [descriptionAnnotation]: description } }, data: wanted,
      });
    } else if (existing.data?.['ca.crt'] !== this.caCertificate || Object.keys(existing.data).length !== 1) {
      await this.configMapClient.modify(rootCaName, namespace, (copy) => ({ ...copy, data: wanted }));
    }
  }
}
