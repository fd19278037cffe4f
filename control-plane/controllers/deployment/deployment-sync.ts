/**
 * One reconcile of one Deployment: what the plans of rolling.ts, recreate.ts, proportional.ts and history.ts say is done
 * here. Conditions are gathered on a private copy and written once at the end, with the counts.
 */
import type { Deployment, DeploymentCondition, ReplicaSet } from '../../../api/apps.ts';
import type { Pod } from '../../../api/core.ts';
import { isAlreadyExists, isConflict, isNotFound, newModifiedConflict } from '../../../api/errors.ts';
import { controllerOf } from '../../../api/meta.ts';
import { deployments, replicaSets as replicaSetResource } from '../../../api/resources.ts';
import type { ResourceClient } from '../../../machinery/client.ts';
import type { Clock } from '../../../machinery/clock.ts';
import type { EventSink } from '../controller-context.ts';
import { newControllerReference } from '../pod-from-template.ts';
import { semanticEqual } from '../semantic-equality.ts';
import { maxRevision, newReplicaSetAnnotations, replicasAnnotations, revisionAnnotation } from './deployment-annotations.ts';
import { conditionTypes, getCondition, newCondition, reasons, withCondition } from './deployment-conditions.ts';
import { calculateDeploymentStatus, isDeploymentComplete } from './deployment-status.ts';
import { podTemplateHash, podTemplateHashLabel } from './hash.ts';
import { planHistoryCleanup } from './history.ts';
import { calculateRolloutStatus, pausedCondition, progressDeadline } from './progress.ts';
import { isScalingEvent, planScale } from './proportional.ts';
import { planRecreate } from './recreate.ts';
import { desiredSize, equalIgnoringHash, selectReplicaSets } from './replica-set-selection.ts';
import type { DeploymentReplicaSets } from './replica-set-selection.ts';
import { newReplicaSetSize, planRollingUpdate } from './rolling.ts';
import type { Resize } from './rolling.ts';
import { isRollingUpdate } from './rollout-limits.ts';

export interface DeploymentSyncDependencies {
  client: ResourceClient<Deployment>;
  replicaSetClient: ResourceClient<ReplicaSet>;
  clock: Clock;
  recorder: EventSink;
  /** Every pod of the ReplicaSets, terminating ones too. */
  podsOf: (replicaSets: readonly ReplicaSet[]) => Pod[];
}

export class DeploymentSync {
  private readonly dependencies: DeploymentSyncDependencies;
  /** As it was when this reconcile began. */
  private readonly stored: Deployment;
  /** `stored` with the conditions that this reconcile adds. */
  private readonly deployment: Deployment;

  constructor(dependencies: DeploymentSyncDependencies, deployment: Deployment) {
    this.dependencies = dependencies;
    this.stored = deployment;
    this.deployment = structuredClone(deployment);
  }

  /** @returns the Deployment with the status that is now stored. */
  async run(owned: readonly ReplicaSet[]): Promise<Deployment> {
    const { deployment } = this;
    const found = selectReplicaSets(deployment, owned);
    if (deployment.metadata?.deletionTimestamp) return this.writeStatus(this.countsOnly(found));
    this.addCondition(pausedCondition(deployment, this.now));
    const replicaSets = await this.syncRevision(found);
    if (deployment.spec?.paused || isScalingEvent(deployment, replicaSets)) return this.scale(replicaSets);
    return isRollingUpdate(deployment) ? this.rollingUpdate(replicaSets) : this.recreate(replicaSets);
  }

  private get now(): number {
    return this.dependencies.clock.now();
  }

  private countsOnly(replicaSets: DeploymentReplicaSets) {
    return calculateDeploymentStatus(this.deployment, replicaSets, this.now);
  }

  private addCondition(condition: DeploymentCondition | undefined): void {
    const { deployment } = this;
    if (condition) deployment.status = { ...deployment.status, conditions: withCondition(deployment.status?.conditions ?? [], condition) };
  }

  private async scale(replicaSets: DeploymentReplicaSets): Promise<Deployment> {
    const scaled = await this.resize(replicaSets, planScale(this.deployment, replicaSets));
    await this.cleanUpHistory(scaled);
    return this.writeStatus(this.countsOnly(scaled));
  }

  private async rollingUpdate(found: DeploymentReplicaSets): Promise<Deployment> {
    const replicaSets = await this.ensureNewReplicaSet(found);
    const plan = planRollingUpdate(this.deployment, replicaSets);
    const resized = await this.resize(replicaSets, plan);
    if (plan.length === 0) await this.cleanUpWhenComplete(resized);
    return this.writeStatus(this.rolloutStatus(resized));
  }

  private async recreate(found: DeploymentReplicaSets): Promise<Deployment> {
    let replicaSets = found;
    const pods = this.dependencies.podsOf([...found.oldReplicaSets, ...(found.newReplicaSet ? [found.newReplicaSet] : [])]);
    const step = planRecreate(this.deployment, replicaSets, pods);
    if (step.do === 'create') replicaSets = await this.ensureNewReplicaSet(replicaSets);
    if (step.do === 'scale') replicaSets = await this.resize(replicaSets, step.resizes);
    if (step.do === 'nothing') await this.cleanUpWhenComplete(replicaSets);
    return this.writeStatus(this.rolloutStatus(replicaSets));
  }

  private rolloutStatus(replicaSets: DeploymentReplicaSets) {
    return calculateRolloutStatus(this.deployment, this.stored.status, replicaSets, this.now);
  }

  /** Brings annotations, minReadySeconds and revision of the new ReplicaSet, where it exists, and of the Deployment up to date. */
  private async syncRevision(found: DeploymentReplicaSets): Promise<DeploymentReplicaSets> {
    const { deployment } = this;
    const { newReplicaSet, oldReplicaSets } = found;
    if (!newReplicaSet) return found;
    const annotations = newReplicaSetAnnotations(deployment, newReplicaSet.metadata?.annotations, maxRevision(oldReplicaSets) + 1n);
    const minReadySeconds = deployment.spec?.minReadySeconds ?? 0;
    const current = semanticEqual(annotations, newReplicaSet.metadata?.annotations) && (newReplicaSet.spec?.minReadySeconds ?? 0) === minReadySeconds;
    const updated = current ? newReplicaSet : await this.modifyReplicaSet(newReplicaSet, (copy) => {
      copy.metadata = { ...copy.metadata, annotations: { ...copy.metadata?.annotations, ...annotations } };
      if (copy.spec) copy.spec.minReadySeconds = minReadySeconds;
    });
    this.noteRevision(updated.metadata?.annotations?.[revisionAnnotation]);
    // Whoever set no deadline until now, or lost its conditions, is counted from here.
    if (progressDeadline(deployment) !== undefined && !getCondition(deployment.status, conditionTypes.progressing)) {
      this.addCondition(newCondition(conditionTypes.progressing, 'True', reasons.foundNewReplicaSet, `Found new replica set "${updated.metadata?.name}"`, this.now));
    }
    return { newReplicaSet: updated, oldReplicaSets };
  }

  /** The Deployment shows the revision of its new ReplicaSet. Stored with the status: as in Kubernetes, that is no new generation. */
  private noteRevision(revision: string | undefined): void {
    const { metadata } = this.deployment;
    if (revision !== undefined) this.deployment.metadata = { ...metadata, annotations: { ...metadata?.annotations, [revisionAnnotation]: revision } };
  }

  private async ensureNewReplicaSet(found: DeploymentReplicaSets): Promise<DeploymentReplicaSets> {
    if (found.newReplicaSet) return found;
    const { recorder } = this.dependencies;
    const wanted = this.buildReplicaSet(found);
    const name = wanted.metadata?.name ?? '';
    let newReplicaSet: ReplicaSet;
    try {
      newReplicaSet = await this.dependencies.replicaSetClient.create(wanted);
      const size = desiredSize(newReplicaSet);
      if (size > 0) recorder.event(this.stored, 'Normal', 'ScalingReplicaSet', `Scaled up replica set ${name} from 0 to ${size}`);
    } catch (error) {
      newReplicaSet = await this.resolveCreateFailure(wanted, error);
    }
    const created = newCondition(conditionTypes.progressing, 'True', reasons.newReplicaSetCreated, `Created new replica set "${name}"`, this.now);
    if (progressDeadline(this.deployment) !== undefined) this.addCondition(created);
    this.noteRevision(newReplicaSet.metadata?.annotations?.[revisionAnnotation]);
    return { ...found, newReplicaSet };
  }

  private buildReplicaSet(found: DeploymentReplicaSets): ReplicaSet {
    const { metadata, spec, status } = this.deployment;
    const template = structuredClone(spec?.template ?? {});
    const hash = podTemplateHash(template, status?.collisionCount ?? 0);
    const labels = { ...template.metadata?.labels, [podTemplateHashLabel]: hash };
    template.metadata = { ...template.metadata, labels };
    return {
      apiVersion: 'apps/v1',
      kind: 'ReplicaSet',
      metadata: {
        name: `${metadata?.name}-${hash}`,
        ...(metadata?.namespace ? { namespace: metadata.namespace } : {}),
        labels: { ...labels },
        annotations: {
          ...newReplicaSetAnnotations(this.deployment, undefined, maxRevision(found.oldReplicaSets) + 1n),
          ...replicasAnnotations(this.deployment),
        },
        ownerReferences: [newControllerReference(deployments, this.deployment)],
      },
      spec: {
        replicas: newReplicaSetSize(this.deployment, found),
        minReadySeconds: spec?.minReadySeconds ?? 0,
        selector: { ...structuredClone(spec?.selector), matchLabels: { ...spec?.selector.matchLabels, [podTemplateHashLabel]: hash } },
        template,
      },
    };
  }

  /** @returns the ReplicaSet when it was there already; throws otherwise, with the next hash or the failure in the status. */
  private async resolveCreateFailure(wanted: ReplicaSet, error: unknown): Promise<ReplicaSet> {
    const { replicaSetClient, recorder } = this.dependencies;
    const { deployment } = this;
    const name = wanted.metadata?.name ?? '';
    if (isAlreadyExists(error)) {
      const existing = await replicaSetClient.get(name, wanted.metadata?.namespace);
      const own = controllerOf(existing)?.uid === deployment.metadata?.uid;
      if (own && equalIgnoringHash(existing.spec?.template, deployment.spec?.template)) return existing;
      // Another template has the same hash: count the collision, the retry gets another name.
      await this.writeStatus({ ...deployment.status, collisionCount: (deployment.status?.collisionCount ?? 0) + 1 });
      throw error;
    }
    const message = `Failed to create new replica set "${name}": ${error instanceof Error ? error.message : String(error)}`;
    recorder.event(this.stored, 'Warning', reasons.replicaSetCreateError, message);
    if (progressDeadline(deployment) !== undefined) {
      this.addCondition(newCondition(conditionTypes.progressing, 'False', reasons.replicaSetCreateError, message, this.now));
      await this.writeStatus(deployment.status ?? {});
    }
    throw error;
  }

  /** Sizes and annotations; a resize to the present size renews the annotations alone. */
  private async resize(replicaSets: DeploymentReplicaSets, resizes: readonly Resize[]): Promise<DeploymentReplicaSets> {
    const results = new Map<ReplicaSet, ReplicaSet>();
    for (const { replicaSet, replicas } of resizes) results.set(replicaSet, await this.resizeOne(replicaSet, replicas));
    const current = (replicaSet: ReplicaSet) => results.get(replicaSet) ?? replicaSet;
    return {
      newReplicaSet: replicaSets.newReplicaSet && current(replicaSets.newReplicaSet),
      oldReplicaSets: replicaSets.oldReplicaSets.map(current),
    };
  }

  private async resizeOne(replicaSet: ReplicaSet, replicas: number): Promise<ReplicaSet> {
    const annotations = replicasAnnotations(this.deployment);
    const before = desiredSize(replicaSet);
    const told = Object.entries(annotations).every(([key, value]) => replicaSet.metadata?.annotations?.[key] === value);
    if (before === replicas && told) return replicaSet;
    const updated = await this.modifyReplicaSet(replicaSet, (copy) => {
      copy.metadata = { ...copy.metadata, annotations: { ...copy.metadata?.annotations, ...annotations } };
      if (copy.spec) copy.spec.replicas = replicas;
    });
    if (before !== replicas) {
      const direction = replicas > before ? 'up' : 'down';
      this.dependencies.recorder.event(this.stored, 'Normal', 'ScalingReplicaSet', `Scaled ${direction} replica set ${replicaSet.metadata?.name} from ${before} to ${replicas}`);
    }
    return updated;
  }

  /** @throws StatusError Conflict when somebody changed its spec since the plan was made: it must be made anew. */
  private async modifyReplicaSet(replicaSet: ReplicaSet, change: (copy: ReplicaSet) => void): Promise<ReplicaSet> {
    const { name = '', namespace } = replicaSet.metadata ?? {};
    return this.dependencies.replicaSetClient.modify(name, namespace, (copy) => {
      const same = copy.metadata?.uid === replicaSet.metadata?.uid && copy.metadata?.generation === replicaSet.metadata?.generation;
      if (!same) throw newModifiedConflict(replicaSetResource, name);
      change(copy);
      return copy;
    });
  }

  private async cleanUpWhenComplete(replicaSets: DeploymentReplicaSets): Promise<void> {
    if (isDeploymentComplete(this.deployment, this.countsOnly(replicaSets))) await this.cleanUpHistory(replicaSets);
  }

  private async cleanUpHistory({ oldReplicaSets }: DeploymentReplicaSets): Promise<void> {
    for (const { metadata } of planHistoryCleanup(this.deployment, oldReplicaSets)) {
      try {
        await this.dependencies.replicaSetClient.delete(metadata?.name ?? '', metadata?.namespace, { ...(metadata?.uid ? { preconditions: { uid: metadata.uid } } : {}) });
      } catch (error) {
        if (!isNotFound(error) && !isConflict(error)) throw error;
      }
    }
  }

  private async writeStatus(status: NonNullable<Deployment['status']>): Promise<Deployment> {
    const { name = '', namespace, uid } = this.stored.metadata ?? {};
    const revision = this.deployment.metadata?.annotations?.[revisionAnnotation];
    const isCurrent = (object: Deployment) => semanticEqual(object.status, status) && object.metadata?.annotations?.[revisionAnnotation] === revision;
    const result = { ...this.deployment, status };
    if (isCurrent(this.stored)) return result;
    await this.dependencies.client.modify(name, namespace, (copy) => {
      if (copy.metadata?.uid !== uid || isCurrent(copy)) return undefined;
      const annotations = { ...copy.metadata?.annotations, ...(revision === undefined ? {} : { [revisionAnnotation]: revision }) };
      return { ...copy, metadata: { ...copy.metadata, ...(Object.keys(annotations).length > 0 ? { annotations } : {}) }, status };
    }, 'status');
    return result;
  }
}
