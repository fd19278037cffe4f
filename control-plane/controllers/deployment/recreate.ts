/** The Recreate strategy as a plan. Follows k8s.io/kubernetes/pkg/controller/deployment/recreate.go. */
import type { Deployment } from '../../../api/apps.ts';
import type { Pod } from '../../../api/core.ts';
import { controllerOf } from '../../../api/meta.ts';
import { isPodTerminal } from '../pod-readiness.ts';
import { desiredSize, isActive, total } from './replica-set-selection.ts';
import type { DeploymentReplicaSets } from './replica-set-selection.ts';
import type { Resize } from './rolling.ts';

export type RecreateStep =
  | { do: 'scale'; resizes: Resize[] }
  | { do: 'wait' }
  | { do: 'create' }
  | { do: 'nothing' };

/**
 * All old pods go, and are gone, before the first new one comes.
 * @param pods every pod of the Deployment's ReplicaSets, terminating ones too.
 */
export function planRecreate(deployment: Deployment, replicaSets: DeploymentReplicaSets, pods: readonly Pod[]): RecreateStep {
  const { newReplicaSet, oldReplicaSets } = replicaSets;
  const active = oldReplicaSets.filter(isActive);
  if (active.length > 0) return { do: 'scale', resizes: active.map((replicaSet) => ({ replicaSet, replicas: 0 })) };
  if (total(oldReplicaSets, 'replicas') > 0 || oldPodsRun(newReplicaSet?.metadata?.uid, pods)) return { do: 'wait' };
  if (!newReplicaSet) return { do: 'create' };
  const desired = deployment.spec?.replicas ?? 1;
  return desiredSize(newReplicaSet) === desired ? { do: 'nothing' } : { do: 'scale', resizes: [{ replicaSet: newReplicaSet, replicas: desired }] };
}

function oldPodsRun(newUid: string | undefined, pods: readonly Pod[]): boolean {
  return pods.some((pod) => !isPodTerminal(pod) && controllerOf(pod)?.uid !== newUid);
}
