/**
 * Metrics as autoscaling/v1 writes them into annotations: the same facts as in v2, under flatter names.
 * Follows pkg/apis/autoscaling/v1/conversion.go.
 */
import type { MetricSpec, MetricStatus, MetricTarget, MetricValueStatus } from '../../../../api/autoscaling.ts';
import type { LabelSelector } from '../../../../api/meta.ts';

interface Reference {
  kind: string;
  name: string;
  apiVersion?: string;
}

/** k8s.io.api.autoscaling.v1.MetricSpec and MetricStatus in one: a metric has the target fields or the current ones. */
export interface MetricV1 {
  type?: string;
  object?: { target?: Reference; metricName?: string; selector?: LabelSelector; averageValue?: string; targetValue?: string; currentValue?: string };
  pods?: { metricName?: string; selector?: LabelSelector; targetAverageValue?: string; currentAverageValue?: string };
  resource?: ResourceV1;
  containerResource?: ResourceV1 & { container?: string };
  external?: {
    metricName?: string; metricSelector?: LabelSelector; targetValue?: string; targetAverageValue?: string; currentValue?: string; currentAverageValue?: string;
  };
}

interface ResourceV1 {
  name?: string;
  targetAverageUtilization?: number;
  targetAverageValue?: string;
  currentAverageUtilization?: number;
  currentAverageValue?: string;
}

type Amounts = Pick<MetricValueStatus, 'value' | 'averageValue' | 'averageUtilization'>;

/** Leaves out what is undefined. */
function present<T extends object>(fields: T): T {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as T;
}

const identifier = (name: string | undefined, selector: LabelSelector | undefined) => present({ name: name ?? '', selector });
const noReference: Reference = { kind: '', name: '' };

export function metricToV1({ type, object, pods, resource, containerResource, external }: MetricSpec): MetricV1 {
  const amounts = ({ averageUtilization, averageValue }: Amounts) => ({ targetAverageUtilization: averageUtilization, targetAverageValue: averageValue });
  return present<MetricV1>({
    type,
    object: object && present({ target: object.describedObject, metricName: object.metric.name, targetValue: object.target.value ?? '0', selector: object.metric.selector, averageValue: object.target.averageValue }),
    pods: pods && present({ metricName: pods.metric.name, targetAverageValue: pods.target.averageValue ?? '0', selector: pods.metric.selector }),
    resource: resource && present({ name: resource.name, ...amounts(resource.target) }),
    containerResource: containerResource && present({ name: containerResource.name, ...amounts(containerResource.target), container: containerResource.container }),
    external: external && present({
      metricName: external.metric.name, metricSelector: external.metric.selector, targetValue: external.target.value, targetAverageValue: external.target.averageValue,
    }),
  });
}

function resourceTarget({ targetAverageUtilization, targetAverageValue }: ResourceV1): MetricTarget {
  return present({ type: targetAverageUtilization === undefined ? 'AverageValue' : 'Utilization', averageValue: targetAverageValue, averageUtilization: targetAverageUtilization });
}

export function metricFromV1({ type = '', object, pods, resource, containerResource, external }: MetricV1): MetricSpec {
  return present({
    type,
    object: object && {
      describedObject: object.target ?? noReference, metric: identifier(object.metricName, object.selector),
      target: present({ type: object.averageValue === undefined ? 'Value' : 'AverageValue', value: object.targetValue, averageValue: object.averageValue }),
    },
    pods: pods && { metric: identifier(pods.metricName, pods.selector), target: present({ type: 'AverageValue', averageValue: pods.targetAverageValue }) },
    resource: resource && { name: resource.name ?? '', target: resourceTarget(resource) },
    containerResource: containerResource && { name: containerResource.name ?? '', container: containerResource.container ?? '', target: resourceTarget(containerResource) },
    external: external && {
      metric: identifier(external.metricName, external.metricSelector),
      target: present({ type: external.targetValue === undefined ? 'AverageValue' : 'Value', value: external.targetValue, averageValue: external.targetAverageValue }),
    },
  });
}

export function statusToV1({ type, object, pods, resource, containerResource, external }: MetricStatus): MetricV1 {
  const amounts = ({ averageUtilization, averageValue }: Amounts) => ({ currentAverageUtilization: averageUtilization, currentAverageValue: averageValue ?? '0' });
  return present({
    type,
    object: object && present({ target: object.describedObject, metricName: object.metric.name, currentValue: object.current.value ?? '0', selector: object.metric.selector, averageValue: object.current.averageValue }),
    pods: pods && present({ metricName: pods.metric.name, currentAverageValue: pods.current.averageValue ?? '0', selector: pods.metric.selector }),
    resource: resource && present({ name: resource.name, ...amounts(resource.current) }),
    containerResource: containerResource && present({ name: containerResource.name, ...amounts(containerResource.current), container: containerResource.container }),
    external: external && present({
      metricName: external.metric.name, metricSelector: external.metric.selector, currentValue: external.current.value ?? '0', currentAverageValue: external.current.averageValue,
    }),
  });
}

function resourceCurrent({ currentAverageUtilization, currentAverageValue }: ResourceV1): MetricValueStatus {
  return present({ averageValue: currentAverageValue, averageUtilization: currentAverageUtilization });
}

export function statusFromV1({ type = '', object, pods, resource, containerResource, external }: MetricV1): MetricStatus {
  return present({
    type,
    object: object && {
      describedObject: object.target ?? noReference, metric: identifier(object.metricName, object.selector), current: present({ value: object.currentValue, averageValue: object.averageValue }),
    },
    pods: pods && { metric: identifier(pods.metricName, pods.selector), current: present({ averageValue: pods.currentAverageValue }) },
    resource: resource && { name: resource.name ?? '', current: resourceCurrent(resource) },
    containerResource: containerResource && { name: containerResource.name ?? '', container: containerResource.container ?? '', current: resourceCurrent(containerResource) },
    external: external && { metric: identifier(external.metricName, external.metricSelector), current: present({ value: external.currentValue, averageValue: external.currentAverageValue }) },
  });
}
