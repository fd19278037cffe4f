import { describe, expect, test } from 'vitest';
import type { ReplicationController } from '../../../../api/core.ts';
import { replicationControllers } from '../../../../api/resources.ts';
import { applyScale, toScale } from '../../scale.ts';
import { creationProblems, statusProblems, withDefaults } from '../../testing/strategy-problems.ts';
import { podTemplateStrategy } from '../pod-template/strategy.ts';
import { replicationControllerStrategy as strategy } from './strategy.ts';

const template = { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'web', image: 'web:1' }] } };

test('a ReplicationController takes its labels from its template', () => {
  expect(withDefaults(strategy, { metadata: { name: 'a' }, spec: { template } })).toMatchObject({ metadata: { name: 'a', labels: { app: 'web' } }, spec: { replicas: 1, selector: { app: 'web' } } });
});

describe('a ReplicationController', () => {
  test.each<[object, string[]]>([
    [{ template }, []],
    [{}, ['spec.selector: Required value', 'spec.template: Required value']],
    [{ template, replicas: -1, minReadySeconds: -1 }, ['spec.minReadySeconds: Invalid value: -1: must be greater than or equal to 0', 'spec.replicas: Invalid value: -1: must be greater than or equal to 0']],
    [{ template, selector: { app: 'x' } }, ['spec.template.metadata.labels: Invalid value: {"app":"web"}: `selector` does not match template `labels`']],
    [{ template: { ...template, spec: { ...template.spec, restartPolicy: 'Never' } } }, ['spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"']],
  ])('%.110j', (spec, expected) => expect(creationProblems(strategy, { spec })).toEqual(expected));

  test('has a status that adds up, and scales', () => {
    expect(statusProblems(strategy, { replicas: 1, readyReplicas: 2 })).toEqual(['status.readyReplicas: Invalid value: 2: cannot be greater than status.replicas']);
    const controller: ReplicationController = { kind: 'ReplicationController', spec: { replicas: 1, selector: { b: '2', a: '1' } }, status: { replicas: 1 } };
    expect(toScale(replicationControllers, controller)).toMatchObject({ spec: { replicas: 1 }, status: { replicas: 1, selector: 'a=1,b=2' } });
    expect(applyScale(replicationControllers, controller, { spec: { replicas: 3 } }).spec).toEqual({ replicas: 3, selector: { b: '2', a: '1' } });
  });
});

test('a PodTemplate is one', () => {
  expect(withDefaults(podTemplateStrategy, { template }).template?.spec?.dnsPolicy).toBe('ClusterFirst');
  expect(creationProblems(podTemplateStrategy, {})).toEqual(['template.spec.containers: Required value']);
});
