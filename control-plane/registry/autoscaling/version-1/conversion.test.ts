import { describe, expect, it, test } from 'vitest';
import type { HorizontalPodAutoscaler, HorizontalPodAutoscalerV1 } from '../../../../api/autoscaling.ts';
import { horizontalPodAutoscalers, horizontalPodAutoscalersV1 } from '../../../../api/resources.ts';
import { createTestRegistry } from '../../testing/test-registry.ts';
import { fromStored, toStored } from './conversion.ts';

const scaleTargetRef = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' };
const cpu = { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } } };
const full: HorizontalPodAutoscaler = {
  apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler', metadata: { name: 'web', namespace: 'default', annotations: { mine: 'x' } },
  spec: {
    scaleTargetRef, minReplicas: 2, maxReplicas: 5,
    metrics: [
      { type: 'Object', object: { describedObject: { kind: 'Ingress', name: 'a' }, metric: { name: 'rate', selector: { matchLabels: { a: 'b' } } }, target: { type: 'Value', value: '10' } } },
      { type: 'Pods', pods: { metric: { name: 'packets' }, target: { type: 'AverageValue', averageValue: '1k' } } },
      { type: 'Resource', resource: { name: 'memory', target: { type: 'AverageValue', averageValue: '100Mi' } } },
      { type: 'ContainerResource', containerResource: { name: 'cpu', container: 'main', target: { type: 'Utilization', averageUtilization: 60 } } },
      { type: 'External', external: { metric: { name: 'queue' }, target: { type: 'Value', value: '30' } } },
      cpu,
    ],
    behavior: { scaleDown: { stabilizationWindowSeconds: 60, selectPolicy: 'Min', policies: [{ type: 'Pods', value: 1, periodSeconds: 30 }] } },
  },
  status: {
    currentReplicas: 2, desiredReplicas: 3, conditions: [{ type: 'AbleToScale', status: 'True', reason: 'ReadyForNewScale' }],
    currentMetrics: [{ type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: 40, averageValue: '400m' } } }],
  },
};

test('everything of v2 survives the way through v1', () => {
  expect(toStored(fromStored(full))).toEqual(full);
});

test('v1 shows the processor in its fields and the rest in annotations', () => {
  const { metadata, spec, status } = fromStored(full);
  expect(spec).toEqual({ scaleTargetRef, minReplicas: 2, maxReplicas: 5, targetCPUUtilizationPercentage: 50 });
  expect(status).toEqual({ currentReplicas: 2, desiredReplicas: 3, currentCPUUtilizationPercentage: 40 });
  expect(metadata?.annotations).toMatchObject({
    mine: 'x',
    'autoscaling.alpha.kubernetes.io/behavior': '{"ScaleUp":null,"ScaleDown":{"StabilizationWindowSeconds":60,"SelectPolicy":"Min","Policies":[{"Type":"Pods","Value":1,"PeriodSeconds":30}],"Tolerance":null}}',
    'autoscaling.alpha.kubernetes.io/current-metrics': '[{"type":"Resource","resource":{"name":"cpu","currentAverageUtilization":40,"currentAverageValue":"400m"}}]',
  });
});

test.each(['', 'x', '{}', '[1]', '[{"type":1}]', 'null', '[{"resource":[]}]', '{"ScaleUp":[]}'])('an annotation that holds %j counts for nothing', (text) => {
  const annotations = Object.fromEntries(['metrics', 'current-metrics', 'conditions', 'behavior'].map((name) => [`autoscaling.alpha.kubernetes.io/${name}`, text]));
  const object: HorizontalPodAutoscalerV1 = { metadata: { name: 'a', annotations }, spec: { scaleTargetRef, maxReplicas: 3, targetCPUUtilizationPercentage: 50 } };
  expect(toStored(object)).toMatchObject({ metadata: { name: 'a' }, spec: { scaleTargetRef, maxReplicas: 3, metrics: [cpu] } });
});

describe('the registry', () => {
  it('stores v1 as v2 and shows both', async () => {
    const { registry, context } = await createTestRegistry();
    const created = await registry.of(horizontalPodAutoscalersV1).create(context, 'default', { metadata: { name: 'web' }, spec: { scaleTargetRef, maxReplicas: 3 } });
    expect(created).toMatchObject({ apiVersion: 'autoscaling/v1', spec: { minReplicas: 1, targetCPUUtilizationPercentage: 80 } });
    expect(registry.of(horizontalPodAutoscalers).get('web', 'default')).toMatchObject({ apiVersion: 'autoscaling/v2', spec: { metrics: [{ resource: { target: { averageUtilization: 80 } } }] } });
    await registry.of(horizontalPodAutoscalersV1).update(context, { name: 'web', namespace: 'default', change: (current) => ({ ...current, spec: { ...current.spec!, targetCPUUtilizationPercentage: 60 } }) });
    expect(registry.of(horizontalPodAutoscalers).get('web', 'default').spec?.metrics?.[0]?.resource?.target.averageUtilization).toBe(60);
  });
});
