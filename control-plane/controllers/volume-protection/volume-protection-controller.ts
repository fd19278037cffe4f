/**
 * Lets go of claims that no pod uses and of volumes that no claim is bound to, once their deletion was asked for. Follows
 * k8s.io/kubernetes/pkg/controller/volume/{pvcprotection,pvprotection}.
 */
import type { PersistentVolume, PersistentVolumeClaim, Pod } from '../../../api/core.ts';
import { isNotFound } from '../../../api/errors.ts';
import { objectKey, splitKey } from '../../../api/meta.ts';
import type { KubernetesObject } from '../../../api/meta.ts';
import { persistentVolumeClaims, persistentVolumes, pods, type Resource } from '../../../api/resources.ts';
import { Controller } from '../../../machinery/controller.ts';
import type { Informer } from '../../../machinery/informer.ts';
import { claimProtectionFinalizer, volumeProtectionFinalizer } from '../../admission/storage-object-in-use-protection.ts';
import type { ControllerContext, RunnableController } from '../controller-context.ts';

/** Index of pods: `namespace/claim` → the pods that name it. */
const claimIndex = 'claim';

export class VolumeProtectionController implements RunnableController {
  private readonly context: ControllerContext;
  private readonly claims: Informer<PersistentVolumeClaim>;
  private readonly volumes: Informer<PersistentVolume>;
  private readonly pods: Informer<Pod>;
  private readonly claimController: Controller;
  private readonly volumeController: Controller;

  constructor(context: ControllerContext) {
    const { informers, clock, logger, random } = context;
    this.context = context;
    this.claims = informers.of(persistentVolumeClaims);
    this.volumes = informers.of(persistentVolumes);
    this.pods = informers.of(pods);
    informers.index(pods, claimIndex, claimsOf);
    this.claimController = new Controller({ name: 'pvc-protection', workers: 1, reconcile: (key) => this.reconcileClaim(key), clock, logger, random });
    this.volumeController = new Controller({ name: 'pv-protection', workers: 1, reconcile: (key) => this.reconcileVolume(key), clock, logger, random });
    const claimChanged = (claim: PersistentVolumeClaim): void => {
      this.claimController.enqueue(objectKey(claim));
      if (claim.spec?.volumeName) this.volumeController.enqueue(claim.spec.volumeName);
    };
    this.claims.addHandler({ added: claimChanged, updated: (_previous, claim) => claimChanged(claim), deleted: claimChanged });
    const volumeChanged = (volume: PersistentVolume): void => this.volumeController.enqueue(objectKey(volume));
    this.volumes.addHandler({ added: volumeChanged, updated: (_previous, volume) => volumeChanged(volume), deleted: () => {} });
    const podChanged = (pod: Pod): void => { for (const claim of claimsOf(pod)) this.claimController.enqueue(claim); };
    this.pods.addHandler({ added: () => {}, updated: (_previous, pod) => { if (hasEnded(pod)) podChanged(pod); }, deleted: podChanged });
  }

  start(signal: AbortSignal): void {
    this.claimController.start(signal);
    this.volumeController.start(signal);
  }

  async stop(): Promise<void> {
    await Promise.all([this.claimController.stop(), this.volumeController.stop()]);
  }

  private async reconcileClaim(key: string): Promise<void> {
    const claim = this.claims.get(key);
    if (!claim?.metadata?.deletionTimestamp) return;
    if (this.pods.byIndex(claimIndex, key).some((pod) => !hasEnded(pod))) return;
    await this.letGo(persistentVolumeClaims, key, claimProtectionFinalizer);
  }

  private async reconcileVolume(key: string): Promise<void> {
    const volume = this.volumes.get(key);
    if (!volume?.metadata?.deletionTimestamp || volume.status?.phase === 'Bound') return;
    await this.letGo(persistentVolumes, key, volumeProtectionFinalizer);
  }

  private async letGo<T extends KubernetesObject>(resource: Resource<T>, key: string, finalizer: string): Promise<void> {
    const { namespace, name } = splitKey(key);
    try {
      await this.context.client.resource(resource).modify(name, namespace, (copy) => {
        const finalizers = copy.metadata?.finalizers ?? [];
        return finalizers.includes(finalizer) ? { ...copy, metadata: { ...copy.metadata, finalizers: finalizers.filter((one) => one !== finalizer) } } : undefined;
      });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
}

function claimsOf({ metadata, spec }: Pod): string[] {
  return (spec?.volumes ?? []).flatMap((volume) => {
    if (volume.persistentVolumeClaim) return [`${metadata?.namespace}/${volume.persistentVolumeClaim.claimName}`];
    return volume.ephemeral ? [`${metadata?.namespace}/${metadata?.name}-${volume.name}`] : [];
  });
}

function hasEnded({ status }: Pod): boolean {
  return status?.phase === 'Succeeded' || status?.phase === 'Failed';
}
