/** How the rows with `storedAs` are converted. */
import type { KubernetesObject } from '../../api/meta.ts';
import type { Resource } from '../../api/resource.ts';
import { groupedEvents, horizontalPodAutoscalersV1 } from '../../api/resources.ts';
import { autoscalerV1Conversion } from './autoscaling/version-1/conversion.ts';
import type { Conversion } from './converted-registry.ts';
import { groupedEventConversion } from './events/grouped-events.ts';

export interface ResourceConversion {
  resource: Resource;
  conversion: Conversion<KubernetesObject, KubernetesObject>;
}

/** @param resource a row with `storedAs`. */
export function converted<T extends KubernetesObject, S extends KubernetesObject>(resource: Resource<T>, conversion: Conversion<T, S>): ResourceConversion {
  return { resource: resource, conversion: conversion };
}

export const conversions: readonly ResourceConversion[] = [
  converted(horizontalPodAutoscalersV1, autoscalerV1Conversion),
  converted(groupedEvents, groupedEventConversion),
];
