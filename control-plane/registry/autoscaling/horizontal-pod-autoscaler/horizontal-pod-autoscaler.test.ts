import { describe, expect, test } from 'vitest';
import { creationProblems, statusProblems, updateProblems, withDefaults } from '../../testing/strategy-problems.ts';
import { horizontalPodAutoscalerStrategy as strategy } from './strategy.ts';

const base = { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' }, maxReplicas: 5 };
const of = (spec: object) => ({ spec: { ...base, ...spec } });
const metric = (fields: object) => of({ metrics: [fields] });
const utilization = { type: 'Utilization', averageUtilization: 50 };

test('defaults', () => {
  expect(withDefaults(strategy, of({})).spec).toEqual({ ...base, minReplicas: 1, metrics: [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } } }] });
  expect(withDefaults(strategy, of({ behavior: { scaleDown: { stabilizationWindowSeconds: 60 } } })).spec?.behavior).toEqual({
    scaleUp: { stabilizationWindowSeconds: 0, selectPolicy: 'Max', policies: [{ type: 'Pods', value: 4, periodSeconds: 15 }, { type: 'Percent', value: 100, periodSeconds: 15 }] },
    scaleDown: { stabilizationWindowSeconds: 60, selectPolicy: 'Max', policies: [{ type: 'Percent', value: 100, periodSeconds: 15 }] },
  });
});

describe('a HorizontalPodAutoscaler', () => {
  const place = 'spec.metrics[0]';
  test.each<[object, string[]]>([
    [of({}), []],
    [metric({ type: 'Pods', pods: { metric: { name: 'requests' }, target: { type: 'AverageValue', averageValue: '10' } } }), []],
    [of({ minReplicas: 0, maxReplicas: 0 }), ['spec.minReplicas: Invalid value: 0: must be greater than or equal to 1', 'spec.maxReplicas: Invalid value: 0: must be greater than 0', 'spec.metrics: Forbidden: must specify at least one Object or External metric to support scaling to zero replicas']],
    [of({ minReplicas: 6 }), ['spec.maxReplicas: Invalid value: 5: must be greater than or equal to `minReplicas`']],
    [of({ scaleTargetRef: { kind: 'a/b' } }), ["spec.scaleTargetRef.kind: Invalid value: \"a/b\": may not contain '/'", 'spec.scaleTargetRef.name: Required value']],
    [metric({ type: 'Resource' }), [`${place}.resource: Required value: must populate information for the given metric source`]],
    [metric({ type: 'Guess' }), [`${place}.type: Unsupported value: "Guess": supported values: "ContainerResource", "External", "Object", "Pods", "Resource"`]],
    [metric({ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization' } } }), [`${place}.resource.target.averageUtilization: Required value: must set either a target raw value or a target utilization`]],
    [metric({ type: 'Resource', resource: { name: 'cpu', target: { ...utilization, averageUtilization: 0, averageValue: '0' } } }), [
      `${place}.resource.target.averageValue: Invalid value: "0": must be positive`, `${place}.resource.target.averageUtilization: Invalid value: 0: must be greater than 0`,
      `${place}.resource.target.averageValue: Forbidden: may not set both a target raw value and a target utilization`,
    ]],
    [metric({ type: 'Resource', resource: { name: 'cpu', target: utilization }, pods: { metric: { name: 'x' }, target: { type: 'AverageValue', averageValue: '1' } } }), [`${place}.pods: Forbidden: must populate the given metric source only`]],
    [metric({ type: 'ContainerResource', containerResource: { name: 'disk', container: '', target: utilization } }), [
      `${place}.containerResource.name: Invalid value: "disk": must be a standard resource type or fully qualified`, `${place}.containerResource.name: Invalid value: "disk": must be a standard resource for containers`, `${place}.containerResource.container: Required value: must specify a container`,
    ]],
    [of({ behavior: { scaleUp: { stabilizationWindowSeconds: 3601, selectPolicy: 'Most', policies: [{ type: 'Many', value: 0, periodSeconds: 1801 }] } } }), [
      'spec.behavior.scaleUp.stabilizationWindowSeconds: Invalid value: 3601: must be less than or equal to 3600', 'spec.behavior.scaleUp.selectPolicy: Unsupported value: "Most": supported values: "Disabled", "Max", "Min"',
      'spec.behavior.scaleUp.policies[0].type: Unsupported value: "Many": supported values: "Percent", "Pods"', 'spec.behavior.scaleUp.policies[0].value: Invalid value: 0: must be greater than zero',
      'spec.behavior.scaleUp.policies[0].periodSeconds: Invalid value: 1801: must be less than or equal to 1800',
    ]],
  ])('%.110j', (autoscaler, expected) => expect(creationProblems(strategy, autoscaler)).toEqual(expected));

  test('that may have no pods already still may', () => {
    const external = { minReplicas: 0, metrics: [{ type: 'External', external: { metric: { name: 'queue' }, target: { type: 'Value', value: '1' } } }] };
    expect(updateProblems(strategy, of(external), of(external))).toEqual([]);
    expect(statusProblems(strategy, { currentReplicas: -1 }, of({}))).toEqual(['status.currentReplicas: Invalid value: -1: must be greater than or equal to 0']);
  });
});
