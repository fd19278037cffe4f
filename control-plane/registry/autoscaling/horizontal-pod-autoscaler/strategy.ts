/** HorizontalPodAutoscalers. Follows pkg/registry/autoscaling/horizontalpodautoscaler. */
import type { HorizontalPodAutoscaler } from '../../../../api/autoscaling.ts';
import { horizontalPodAutoscalers } from '../../../../api/resources.ts';
import type { Strategy } from '../../strategy.ts';
import { createUncountedStrategy } from '../../uncounted-strategy.ts';
import type { Writable } from '../../writable.ts';
import { defaultHorizontalPodAutoscaler } from './defaults.ts';
import { validateHorizontalPodAutoscaler, validateHorizontalPodAutoscalerStatusUpdate, validateHorizontalPodAutoscalerUpdate } from './validation.ts';

export const horizontalPodAutoscalerStrategy: Strategy<HorizontalPodAutoscaler> = createUncountedStrategy(horizontalPodAutoscalers, {
  defaults: defaultHorizontalPodAutoscaler,
  validate: validateHorizontalPodAutoscaler,
  validateUpdate: validateHorizontalPodAutoscalerUpdate,
  validateStatusUpdate: validateHorizontalPodAutoscalerStatusUpdate,
  prepareForCreate(autoscaler: Writable<HorizontalPodAutoscaler>) {
    autoscaler.status = { desiredReplicas: 0 };
  },
});
