/** Defaults of HorizontalPodAutoscalers. Follows pkg/apis/autoscaling/v2/defaults.go. */
import type { HorizontalPodAutoscaler, HorizontalPodAutoscalerSpec } from '../../../../api/autoscaling.ts';

type Rules = NonNullable<NonNullable<HorizontalPodAutoscalerSpec['behavior']>['scaleUp']>;

const targetUtilization = 80;

export function defaultHorizontalPodAutoscaler(autoscaler: HorizontalPodAutoscaler): void {
  const spec: Partial<HorizontalPodAutoscalerSpec> = autoscaler.spec ??= {} as HorizontalPodAutoscalerSpec;
  spec.minReplicas ??= 1;
  if (!spec.metrics?.length) {
    spec.metrics = [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: targetUtilization } } }];
  }
  if (!spec.behavior) return;
  spec.behavior.scaleUp = withDefaults(spec.behavior.scaleUp, {
    stabilizationWindowSeconds: 0, selectPolicy: 'Max',
    policies: [{ type: 'Pods', value: 4, periodSeconds: 15 }, { type: 'Percent', value: 100, periodSeconds: 15 }],
  });
  spec.behavior.scaleDown = withDefaults(spec.behavior.scaleDown, { selectPolicy: 'Max', policies: [{ type: 'Percent', value: 100, periodSeconds: 15 }] });
}

function withDefaults(rules: Rules | undefined, standard: Rules): Rules {
  return { ...standard, ...rules };
}
