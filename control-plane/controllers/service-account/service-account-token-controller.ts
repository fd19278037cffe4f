/**
 * Secrets of type kubernetes.io/service-account-token: gives each the token of its account, the cluster's certificate and its
 * namespace, and takes those away whose account is gone. Follows pkg/controller/serviceaccount/tokens_controller.go.
 */
import type { Secret, ServiceAccount } from '../../../api/core.ts';
import { isConflict, isNotFound } from '../../../api/errors.ts';
import { namespacedKey, splitKey } from '../../../api/meta.ts';
import { secrets, serviceAccounts } from '../../../api/resources.ts';
import type { ResourceClient } from '../../../machinery/client.ts';
import { Controller } from '../../../machinery/controller.ts';
import type { Informer } from '../../../machinery/informer.ts';
import type { ControllerContext, RunnableController } from '../controller-context.ts';

export const tokenSecretType = 'kubernetes.io/service-account-token';
const nameAnnotation = 'kubernetes.io/service-account.name';
const uidAnnotation = 'kubernetes.io/service-account.uid';

export interface ServiceAccountTokenOptions {
  /** PEM of the certificate authority that signs the API server's certificate. */
  caCertificate: string;
  /** A token without end, for the Secret of that name. */
  issueLegacy: (account: ServiceAccount, secretName: string) => Promise<string>;
}

export class ServiceAccountTokenController implements RunnableController {
  private readonly secretClient: ResourceClient<Secret>;
  private readonly accountClient: ResourceClient<ServiceAccount>;
  private readonly secretInformer: Informer<Secret>;
  private readonly options: ServiceAccountTokenOptions;
  private readonly controller: Controller;

  constructor({ client, informers, clock, logger, random }: ControllerContext, options: ServiceAccountTokenOptions) {
    this.secretClient = client.resource(secrets);
    this.accountClient = client.resource(serviceAccounts);
    this.secretInformer = informers.of(secrets);
    this.options = options;
    this.controller = new Controller({ name: 'service-account-token', workers: 1, reconcile: (key) => this.reconcile(key), clock, logger, random });
    const enqueue = (secret: Secret): void => {
      if (secret.type === tokenSecretType) this.controller.enqueue(keyOf(secret));
    };
    this.secretInformer.addHandler({ added: enqueue, updated: (_previous, secret) => enqueue(secret), deleted: () => {} });
    const enqueueOf = ({ metadata }: ServiceAccount): void => {
      for (const secret of this.secretInformer.list()) {
        if (secret.metadata?.namespace === metadata?.namespace && secret.metadata?.annotations?.[nameAnnotation] === metadata?.name) enqueue(secret);
      }
    };
    informers.of(serviceAccounts).addHandler({ added: () => {}, updated: () => {}, deleted: enqueueOf });
  }

  start(signal: AbortSignal): void {
    this.controller.start(signal);
  }

  stop(): Promise<void> {
    return this.controller.stop();
  }

  private async reconcile(key: string): Promise<void> {
    const secret = this.secretInformer.get(key);
    if (!secret || secret.metadata?.deletionTimestamp || secret.type !== tokenSecretType || secret.immutable) return;
    const { name, namespace } = splitKey(key);
    try {
      const account = await this.accountOf(secret, namespace);
      if (!account) await this.secretClient.delete(name, namespace, { preconditions: { uid: secret.metadata?.uid ?? '' } });
      else if (!this.isComplete(secret, account)) await this.fill(name, namespace, account);
    } catch (error) {
      // The Secret is gone, or another one by now.
      if (!isNotFound(error) && !isConflict(error)) throw error;
    }
  }

  /** @returns undefined when it is gone, or another one of the same name. */
  private async accountOf(secret: Secret, namespace: string | undefined): Promise<ServiceAccount | undefined> {
    const { [nameAnnotation]: name = '', [uidAnnotation]: uid = '' } = secret.metadata?.annotations ?? {};
    try {
      const account = await this.accountClient.get(name, namespace);
      return uid === '' || uid === account.metadata?.uid ? account : undefined;
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  private isComplete(secret: Secret, account: ServiceAccount): boolean {
    const { token, 'ca.crt': ca, namespace } = secret.data ?? {};
    return Boolean(token) && Boolean(namespace) && ca === encode(this.options.caCertificate) && secret.metadata?.annotations?.[uidAnnotation] === account.metadata?.uid;
  }

  private async fill(name: string, namespace: string | undefined, account: ServiceAccount): Promise<void> {
    const { issueLegacy, caCertificate } = this.options;
    const token = encode(await issueLegacy(account, name));
    await this.secretClient.modify(name, namespace, (copy) => (copy.type !== tokenSecretType ? undefined : {
      ...copy,
      metadata: { ...copy.metadata, annotations: { ...copy.metadata?.annotations, [uidAnnotation]: account.metadata?.uid ?? '' } },
      data: { ...copy.data, 'ca.crt': encode(caCertificate), namespace: copy.data?.['namespace'] || encode(namespace ?? ''), token: copy.data?.['token'] || token },
    }));
  }
}

function keyOf({ metadata }: Secret): string {
  return namespacedKey(metadata?.namespace, metadata?.name ?? '');
}

function encode(text: string): string {
  return Buffer.from(text).toString('base64');
}
