import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { ValidatingAdmissionPolicy } from '../../../api/admissionregistration.ts';
import { validatingAdmissionPolicies } from '../../../api/resources.ts';
import { loadExpressionCompiler } from '../../admission/policy/compile-expression.ts';
import { startTestCluster, type TestCluster } from '../testing/test-cluster.ts';

type Spec = NonNullable<ValidatingAdmissionPolicy['spec']>;

describe('PolicyTypeCheckingController', () => {
  let cluster: TestCluster | undefined;
  // Loaded at first use, which takes longer than the cluster needs to settle.
  beforeAll(async () => {
    await Promise.all([import('../../admission/policy/check-types.ts'), loadExpressionCompiler()]);
  });
  afterEach(async () => {
    await cluster?.stop();
    cluster = undefined;
  });
  const check = async (spec: Partial<Spec>) => {
    cluster = await startTestCluster({ only: ['policy-type-checking'] });
    const policies = cluster.client.resource(validatingAdmissionPolicies);
    const rule = { operations: ['CREATE'], apiGroups: ['apps'], apiVersions: ['v1'], resources: ['deployments', 'replicasets'] };
    await policies.create({ metadata: { name: 'p' }, spec: { matchConstraints: { resourceRules: [rule] }, ...spec } });
    await cluster.settle();
    return (await policies.get('p')).status;
  };

  it('tells what an expression does wrong with each kind', async () => {
    const status = await check({ validations: [
      { expression: "object.spec.replicas > '1'", messageExpression: "'wants replicas > 1, got ' + object.spec.replicas" },
      { expression: 'object.spec.strategy.type != ""' }, { expression: 'object.spec.replicas > 1 && object.metadata.creationTimestamp < timestamp("2030-01-01T00:00:00Z")' },
    ] });
    expect(status?.observedGeneration).toBe(1);
    const warnings = status?.typeChecking?.expressionWarnings ?? [];
    expect(warnings.map(({ fieldRef }) => fieldRef)).toEqual(['spec.validations[0].expression', 'spec.validations[0].messageExpression', 'spec.validations[1].expression']);
    expect(warnings[0]?.warning).toContain("apps/v1, Kind=Deployment: ERROR: <input>:1:22: found no matching overload for '_>_' applied to '(int, string)'");
    expect(warnings[1]?.warning).toContain("found no matching overload for '_+_' applied to '(string, int)'");
    expect(warnings[2]?.warning).toMatch(/^apps\/v1, Kind=ReplicaSet: ERROR: <input>:1:12: undefined field 'strategy'/);
  });

  it('says that it looked where nothing is wrong', async () => {
    expect(await check({ variables: [{ name: 'replicas', expression: 'object.spec.replicas' }], validations: [{ expression: 'variables.replicas > 1' }] })).toEqual({ observedGeneration: 1, typeChecking: {} });
  });
});
