/** Types of the API group autoscaling, versions v2 and v1. */
export type { HorizontalPodAutoscaler as HorizontalPodAutoscalerV1, Scale } from 'kubernetes-types/autoscaling/v1';
export type { HorizontalPodAutoscaler, HorizontalPodAutoscalerBehavior, HorizontalPodAutoscalerCondition, HorizontalPodAutoscalerSpec, MetricSpec, MetricStatus, MetricTarget, MetricValueStatus } from 'kubernetes-types/autoscaling/v2';
