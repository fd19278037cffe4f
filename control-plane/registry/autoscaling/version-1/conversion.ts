/**
 * autoscaling/v1 HorizontalPodAutoscalers: a target for the processor in the spec, everything else in annotations.
 * Follows pkg/apis/autoscaling/v1/conversion.go.
 */
import type { HorizontalPodAutoscaler, HorizontalPodAutoscalerSpec, HorizontalPodAutoscalerV1 } from '../../../../api/autoscaling.ts';
import { DecodeError } from '../../../../api/decode/decode-error.ts';
import { MessageDecoder } from '../../../../api/decode/decode-message.ts';
import { messageOf } from '../../../../api/schema/schema-table.ts';
import type { Conversion } from '../../converted-registry.ts';
import { metricFromV1, metricToV1, statusFromV1, statusToV1, type MetricV1 } from './metrics.ts';

const prefix = 'autoscaling.alpha.kubernetes.io/';
const metricsAnnotation = `${prefix}metrics`;
const statusesAnnotation = `${prefix}current-metrics`;
const conditionsAnnotation = `${prefix}conditions`;
const behaviorAnnotation = `${prefix}behavior`;
const ownAnnotations = [metricsAnnotation, statusesAnnotation, conditionsAnnotation, behaviorAnnotation];
const schemas = 'k8s.io.api.autoscaling';

type Autoscaler = HorizontalPodAutoscaler;
type Spec = Partial<HorizontalPodAutoscalerSpec>;
type Status = NonNullable<Autoscaler['status']>;
type Behavior = NonNullable<Spec['behavior']>;

export const autoscalerV1Conversion: Conversion<HorizontalPodAutoscalerV1, Autoscaler> = { toStored, fromStored };

type Metric = NonNullable<Spec['metrics']>[number];

function isProcessor(metric: { type: string; resource?: { name: string } }): boolean {
  return metric.type === 'Resource' && metric.resource?.name === 'cpu';
}

export function fromStored(autoscaler: Autoscaler): HorizontalPodAutoscalerV1 {
  const { metrics = [], behavior, ...rest }: Spec = autoscaler.spec ?? {};
  const { currentMetrics = [], conditions = [], ...status }: Partial<Status> = autoscaler.status ?? {};
  const target = metrics.find(isProcessor)?.resource?.target.averageUtilization;
  const current = currentMetrics.findLast((metric) => isProcessor(metric) && metric.resource?.current.averageUtilization !== undefined)?.resource?.current.averageUtilization;
  const others = metrics.filter((metric) => !(isProcessor(metric) && metric.resource?.target.averageUtilization !== undefined));
  const annotations = {
    ...withoutOwn(autoscaler.metadata?.annotations),
    ...(others.length > 0 ? { [metricsAnnotation]: JSON.stringify(others.map(metricToV1)) } : {}),
    ...(currentMetrics.length > 0 ? { [statusesAnnotation]: JSON.stringify(currentMetrics.map(statusToV1)) } : {}),
    ...(behavior ? { [behaviorAnnotation]: JSON.stringify(behaviorToInternal(behavior)) } : {}),
    ...(conditions.length > 0 ? { [conditionsAnnotation]: JSON.stringify(conditions) } : {}),
  };
  return {
    apiVersion: 'autoscaling/v1', kind: 'HorizontalPodAutoscaler', metadata: withAnnotations(autoscaler.metadata, annotations),
    spec: { ...rest as HorizontalPodAutoscalerSpec, ...(target === undefined ? {} : { targetCPUUtilizationPercentage: target }) },
    status: { currentReplicas: 0, desiredReplicas: 0, ...status, ...(current === undefined ? {} : { currentCPUUtilizationPercentage: current }) },
  };
}

export function toStored(autoscaler: HorizontalPodAutoscalerV1): Autoscaler {
  const { targetCPUUtilizationPercentage: target, ...rest } = autoscaler.spec ?? { maxReplicas: 0, scaleTargetRef: { kind: '', name: '' } };
  const { currentCPUUtilizationPercentage: current, ...status } = autoscaler.status ?? { desiredReplicas: 0 };
  const given = autoscaler.metadata?.annotations ?? {};
  const metrics: Metric[] = (readList<MetricV1>(given[metricsAnnotation], 'v1.MetricSpec') ?? []).map(metricFromV1);
  if (target !== undefined) metrics.push({ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: target } } });
  const behavior = readBehavior(given[behaviorAnnotation]);
  const conditions = readList<NonNullable<Status['conditions']>[number]>(given[conditionsAnnotation], 'v1.HorizontalPodAutoscalerCondition');
  const currentMetrics = readList<MetricV1>(given[statusesAnnotation], 'v1.MetricStatus')?.map(statusFromV1)
    ?? (current === undefined ? undefined : [{ type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: current } } }]);
  return {
    apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler', metadata: withAnnotations(autoscaler.metadata, withoutOwn(given)),
    spec: { ...rest, ...(metrics.length > 0 ? { metrics } : {}), ...(behavior ? { behavior } : {}) },
    status: { ...status, ...(currentMetrics ? { currentMetrics } : {}), ...(conditions ? { conditions } : {}) },
  };
}

function withAnnotations(metadata: Autoscaler['metadata'], annotations: Record<string, string>): NonNullable<Autoscaler['metadata']> {
  const { annotations: _, ...rest } = metadata ?? {};
  return Object.keys(annotations).length > 0 ? { ...rest, annotations } : rest;
}

function withoutOwn(annotations: Readonly<Record<string, string>> | undefined): Record<string, string> {
  return Object.fromEntries(Object.entries(annotations ?? {}).filter(([name]) => !ownAnnotations.includes(name)));
}

/** Decodes what an annotation holds. Kubernetes ignores one that it cannot read, and so must we: anybody may write it. */
function readList<T>(text: string | undefined, message: string): T[] | undefined {
  const value = parse(text);
  if (!Array.isArray(value)) return undefined;
  const schema = messageOf(`${schemas}.${message}`);
  return decodeOrNothing(() => value.map((element) => new MessageDecoder(0).message(schema, element) as T));
}

function parse(text: string | undefined): unknown {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function decodeOrNothing<T>(decode: () => T): T | undefined {
  try {
    return decode();
  } catch (error) {
    if (error instanceof DecodeError || error instanceof RangeError) return undefined;
    throw error;
  }
}

type Rules = NonNullable<Behavior['scaleUp']>;

/** The annotation holds Kubernetes' internal type: names with capitals, nothing left out. */
function behaviorToInternal({ scaleUp, scaleDown }: Behavior): object {
  const rules = (given: Rules | undefined) => (given ? {
    StabilizationWindowSeconds: given.stabilizationWindowSeconds ?? null,
    SelectPolicy: given.selectPolicy ?? null,
    Policies: (given.policies ?? []).map(({ type, value, periodSeconds }) => ({ Type: type, Value: value, PeriodSeconds: periodSeconds })),
    Tolerance: (given as { tolerance?: string }).tolerance ?? null,
  } : null);
  return { ScaleUp: rules(scaleUp), ScaleDown: rules(scaleDown) };
}

function readBehavior(text: string | undefined): Behavior | undefined {
  const value = withSmallInitials(parse(text), 0);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const decoded = decodeOrNothing(() => new MessageDecoder(0).message(messageOf(`${schemas}.v2.HorizontalPodAutoscalerBehavior`), value));
  return decoded && Object.keys(decoded).length > 0 ? decoded : undefined;
}

/** As deep as a behavior is; what is deeper does not matter to it. */
function withSmallInitials(value: unknown, depth: number): unknown {
  if (typeof value !== 'object' || value === null || depth > 4) return value;
  if (Array.isArray(value)) return value.map((element) => withSmallInitials(element, depth + 1));
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name.charAt(0).toLowerCase() + name.slice(1), withSmallInitials(field, depth + 1)]));
}
