/** Types of the API group autoscaling, versions v2 and v1. */
export type { HorizontalPodAutoscaler as HorizontalPodAutoscalerV1, Scale } from 'kubernetes-types/autoscaling/v1';
export type { HorizontalPodAutoscaler, HorizontalPodAutoscalerBehavior, HorizontalPodAutoscalerSpec, MetricSpec } from 'kubernetes-types/autoscaling/v2';
