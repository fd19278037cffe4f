/** Strategies of the kinds that make pods, and of what pods may have and use. */
import { controllerRevisionStrategy } from './apps/controller-revision/strategy.ts';
import { daemonSetStrategy } from './apps/daemon-set/strategy.ts';
import { statefulSetStrategy } from './apps/stateful-set/strategy.ts';
import { horizontalPodAutoscalerStrategy } from './autoscaling/horizontal-pod-autoscaler/strategy.ts';
import { cronJobStrategy } from './batch/cron-job/strategy.ts';
import { jobStrategy } from './batch/job/strategy.ts';
import { limitRangeStrategy } from './core/limit-range/strategy.ts';
import { persistentVolumeClaimStrategy } from './core/persistent-volume-claim/strategy.ts';
import { persistentVolumeStrategy } from './core/persistent-volume/strategy.ts';
import { podTemplateStrategy } from './core/pod-template/strategy.ts';
import { replicationControllerStrategy } from './core/replication-controller/strategy.ts';
import { resourceQuotaStrategy } from './core/resource-quota/strategy.ts';
import { podDisruptionBudgetStrategy } from './policy/pod-disruption-budget/strategy.ts';
import type { Strategy } from './strategy.ts';

export const workloadStrategies: readonly Strategy[] = [
  replicationControllerStrategy, podTemplateStrategy, resourceQuotaStrategy, limitRangeStrategy, persistentVolumeStrategy,
  persistentVolumeClaimStrategy, statefulSetStrategy, daemonSetStrategy, controllerRevisionStrategy, jobStrategy, cronJobStrategy,
  horizontalPodAutoscalerStrategy, podDisruptionBudgetStrategy,
];
