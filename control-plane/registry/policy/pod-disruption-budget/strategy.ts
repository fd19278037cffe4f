/** PodDisruptionBudgets. Follows pkg/registry/policy/poddisruptionbudget. */
import type { PodDisruptionBudget } from '../../../../api/policy.ts';
import { podDisruptionBudgets } from '../../../../api/resources.ts';
import { createRecordStrategy } from '../../record-strategy.ts';
import type { Strategy } from '../../strategy.ts';
import type { Writable } from '../../writable.ts';
import { validatePodDisruptionBudget, validatePodDisruptionBudgetStatusUpdate } from './validation.ts';

export const podDisruptionBudgetStrategy: Strategy<PodDisruptionBudget> = createRecordStrategy(podDisruptionBudgets, {
  allowUnconditionalUpdate: false,
  validate: validatePodDisruptionBudget,
  validateUpdate: validatePodDisruptionBudget,
  validateStatusUpdate: validatePodDisruptionBudgetStatusUpdate,
  prepareForCreate(budget: Writable<PodDisruptionBudget>) {
    budget.status = { disruptionsAllowed: 0, currentHealthy: 0, desiredHealthy: 0, expectedPods: 0 };
  },
});
