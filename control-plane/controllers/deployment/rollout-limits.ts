/** maxSurge and maxUnavailable of a Deployment in pods. Follows k8s.io/kubernetes/pkg/controller/deployment/util. */
import type { Deployment } from '../../../api/apps.ts';

/** Kubernetes' default of both. */
const defaultLimit = '25%';

function resolve(value: number | string, total: number, round: (value: number) => number): number {
  if (typeof value === 'number') return value;
  const percent = /^(\d+)%$/.exec(value);
  return percent ? round((Number(percent[1]) * total) / 100) : 0;
}

/** Both limits; they are never both zero, or nothing could ever move. */
export function rolloutLimits(deployment: Deployment): { surge: number; unavailable: number } {
  const replicas = deployment.spec?.replicas ?? 1;
  const rolling = deployment.spec?.strategy?.rollingUpdate;
  const surge = resolve(rolling?.maxSurge ?? defaultLimit, replicas, Math.ceil);
  const unavailable = resolve(rolling?.maxUnavailable ?? defaultLimit, replicas, Math.floor);
  return surge === 0 && unavailable === 0 ? { surge, unavailable: 1 } : { surge, unavailable };
}

export function isRollingUpdate(deployment: Deployment): boolean {
  return (deployment.spec?.strategy?.type ?? 'RollingUpdate') === 'RollingUpdate';
}

/** Pods above spec.replicas that a rollout may have; 0 for Recreate. */
export function maxSurge(deployment: Deployment): number {
  return isRollingUpdate(deployment) ? rolloutLimits(deployment).surge : 0;
}

/** Pods below spec.replicas that may be unavailable; never more than spec.replicas, 0 for Recreate. */
export function maxUnavailable(deployment: Deployment): number {
  const replicas = deployment.spec?.replicas ?? 1;
  if (!isRollingUpdate(deployment) || replicas === 0) return 0;
  return Math.min(rolloutLimits(deployment).unavailable, replicas);
}
