import { describe, expect, test } from 'vitest';
import type { Deployment, DeploymentSpec, ReplicaSet } from '../../../../api/apps.ts';
import { defaultReplicaSet } from '../replica-set/defaults.ts';
import { validateReplicaSet, validateReplicaSetStatusUpdate, validateReplicaSetUpdate } from '../replica-set/validation.ts';
import { defaultDeployment } from './defaults.ts';
import { validateDeployment, validateDeploymentStatusUpdate, validateDeploymentUpdate } from './validation.ts';

const base = {
  selector: { matchLabels: { app: 'web' } },
  template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'web', image: 'web:1' }] } },
};

function deploymentOf(spec: object): Deployment {
  const deployment: Deployment = { spec: structuredClone({ ...base, ...spec }) };
  defaultDeployment(deployment);
  return deployment;
}

function replicaSetOf(spec: object): ReplicaSet {
  const replicaSet: ReplicaSet = { spec: structuredClone({ ...base, ...spec }) };
  defaultReplicaSet(replicaSet);
  return replicaSet;
}

function texts(errors: { field: string; message: string }[]): string[] {
  return errors.map(({ field, message }) => `${field}: ${message}`);
}

test('defaults', () => {
  const { template, ...spec } = deploymentOf({}).spec!;
  expect(spec).toEqual({
    selector: base.selector, replicas: 1, revisionHistoryLimit: 10, progressDeadlineSeconds: 600,
    strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%', maxUnavailable: '25%' } },
  });
  expect(template.spec).toMatchObject({ restartPolicy: 'Always', containers: [{ imagePullPolicy: 'IfNotPresent' }] });
  expect(deploymentOf({ strategy: { type: 'Recreate' } }).spec?.strategy).toEqual({ type: 'Recreate' });
  expect(deploymentOf({ replicas: 0, strategy: { rollingUpdate: { maxSurge: 0 } } }).spec).toMatchObject({ replicas: 0, strategy: { rollingUpdate: { maxSurge: 0, maxUnavailable: '25%' } } });
  expect(replicaSetOf({}).spec).toMatchObject({ replicas: 1, template: { spec: { dnsPolicy: 'ClusterFirst' } } });
  expect(() => defaultDeployment({})).not.toThrow();
});

const withSpec = (spec: object) => ({ template: { ...base.template, spec: { ...base.template.spec, ...spec } } });

describe('a Deployment', () => {
  test.each<[object, string[]]>([
    [{}, []],
    [{ selector: { matchExpressions: [{ key: 'app', operator: 'In', values: ['web'] }] } }, []],
    [{ replicas: -1 }, ['spec.replicas: Invalid value: -1: must be greater than or equal to 0']],
    [{ selector: undefined }, ['spec.selector: Required value', 'spec.template.metadata.labels: Invalid value: {"app":"web"}: `selector` does not match template `labels`']],
    [{ selector: {} }, ['spec.selector: Invalid value: {}: empty selector is invalid for deployment']],
    [{ selector: { matchLabels: { app: 'other' } } }, ['spec.template.metadata.labels: Invalid value: {"app":"web"}: `selector` does not match template `labels`']],
    [{ selector: { matchExpressions: [{ key: 'app', operator: 'Near', values: [] }] } }, [
      'spec.selector.matchExpressions[0].operator: Invalid value: "Near": not a valid selector operator', 'spec.selector: Invalid value: {"matchExpressions":[{"key":"app","operator":"Near","values":[]}]}: invalid label selector',
    ]],
    [{ strategy: { type: 'Recreate', rollingUpdate: {} } }, ["spec.strategy.rollingUpdate: Forbidden: may not be specified when strategy `type` is 'Recreate'"]],
    [{ strategy: { type: 'Hope' } }, ['spec.strategy: Unsupported value: {"Type":"Hope","RollingUpdate":null}: supported values: "Recreate", "RollingUpdate"']],
    [{ strategy: { rollingUpdate: { maxSurge: 0, maxUnavailable: '0%' } } }, ['spec.strategy.rollingUpdate.maxUnavailable: Invalid value: "0%": may not be 0 when `maxSurge` is 0']],
    [{ strategy: { rollingUpdate: { maxUnavailable: '101%' } } }, ['spec.strategy.rollingUpdate.maxUnavailable: Invalid value: "101%": must not be greater than 100%']],
    [{ strategy: { rollingUpdate: { maxSurge: 'some' } } }, ["spec.strategy.rollingUpdate.maxSurge: Invalid value: \"some\": a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')"]],
    [{ progressDeadlineSeconds: 5, minReadySeconds: 5 }, ['spec.progressDeadlineSeconds: Invalid value: 5: must be greater than minReadySeconds']],
    [withSpec({ restartPolicy: 'Never' }), ['spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"']],
    [withSpec({ activeDeadlineSeconds: 5 }), ['spec.template.spec.activeDeadlineSeconds: Forbidden: activeDeadlineSeconds in ReplicaSet is not Supported']],
    [withSpec({ containers: [] }), ['spec.template.spec.containers: Required value']],
    [{ template: { metadata: base.template.metadata } }, ['spec.template.spec.containers: Required value']],
  ])('%.110j', (spec, expected) => expect(texts(validateDeployment(deploymentOf(spec)))).toEqual(expected));

  test('keeps its selector', () => {
    const old = deploymentOf({});
    const changed = deploymentOf({ selector: { matchLabels: { app: 'web', tier: 'x' } }, template: { ...base.template, metadata: { labels: { app: 'web', tier: 'x' } } } });
    expect(validateDeploymentUpdate(deploymentOf({ replicas: 3 }), old)).toEqual([]);
    expect(texts(validateDeploymentUpdate(changed, old))).toEqual(['spec.selector: Invalid value: {"matchLabels":{"app":"web","tier":"x"}}: field is immutable']);
  });

  test('has a status that adds up', () => {
    const old: Deployment = { status: { collisionCount: 2 } };
    expect(validateDeploymentStatusUpdate({ status: { replicas: 3, updatedReplicas: 1, readyReplicas: 3, availableReplicas: 2, collisionCount: 2 } }, old)).toEqual([]);
    expect(texts(validateDeploymentStatusUpdate({ status: { replicas: 1, updatedReplicas: 2, readyReplicas: 0, availableReplicas: 1, collisionCount: 1 } }, old))).toEqual([
      'status.updatedReplicas: Invalid value: 2: cannot be greater than status.replicas', 'status.availableReplicas: Invalid value: 1: cannot be greater than readyReplicas', 'status.collisionCount: Invalid value: 1: cannot be decremented',
    ]);
  });
});

describe('a ReplicaSet', () => {
  test('is checked like a Deployment', () => {
    expect(validateReplicaSet(replicaSetOf({}))).toEqual([]);
    expect(texts(validateReplicaSet(replicaSetOf({ minReadySeconds: -1, selector: { matchLabels: { app: 'x' } } })))).toEqual([
      'spec.minReadySeconds: Invalid value: -1: must be greater than or equal to 0', 'spec.template.metadata.labels: Invalid value: {"app":"web"}: `selector` does not match template `labels`',
    ]);
    const other = replicaSetOf({ selector: { matchLabels: { app: 'web', x: 'y' } }, template: { ...base.template, metadata: { labels: { app: 'web', x: 'y' } } } });
    expect(texts(validateReplicaSetUpdate(other, replicaSetOf({})))).toEqual([expect.stringMatching(/^spec.selector: .*field is immutable$/)]);
    const status = { replicas: 1, readyReplicas: 2 };
    expect(texts(validateReplicaSetStatusUpdate({ status }, {}))).toEqual(['status.readyReplicas: Invalid value: 2: cannot be greater than status.replicas']);
  });
});

test('the spec of a Deployment is optional on the wire', () => {
  expect(texts(validateDeployment({ spec: {} as DeploymentSpec }))[0]).toBe('spec.selector: Required value');
  expect(texts(validateDeployment({}))[0]).toBe('spec.selector: Required value');
});
