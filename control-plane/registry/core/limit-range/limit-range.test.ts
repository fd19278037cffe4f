import { describe, expect, test } from 'vitest';
import { limitRanges } from '../../../../api/resources.ts';
import { creationProblems, withDefaults } from '../../testing/strategy-problems.ts';
import { createTestRegistry } from '../../testing/test-registry.ts';
import { limitRangeStrategy as strategy } from './strategy.ts';

const of = (...limits: object[]) => ({ spec: { limits } });
const container = (fields: object) => of({ type: 'Container', ...fields });

test('defaults follow from the bounds, for containers', () => {
  expect(withDefaults(strategy, container({ max: { cpu: '2', memory: '1Gi' }, min: { cpu: '100m', disk: '1' }, default: { cpu: '1' } })).spec?.limits[0]).toMatchObject({
    default: { cpu: '1', memory: '1Gi' }, defaultRequest: { cpu: '1', memory: '1Gi', disk: '1' },
  });
  expect(withDefaults(strategy, of({ type: 'Pod', max: { cpu: '2' } }))).toEqual(of({ type: 'Pod', max: { cpu: '2' } }));
  expect(withDefaults(strategy, container({ maxLimitRequestRatio: { cpu: '2' } }))).toStrictEqual(container({ maxLimitRequestRatio: { cpu: '2' } }));
});

describe('a LimitRange', () => {
  const place = 'spec.limits[0]';
  test.each<[object, string[]]>([
    [container({ max: { cpu: '2' }, min: { cpu: '1' }, maxLimitRequestRatio: { cpu: '1.5' } }), []],
    [of({ type: 'PersistentVolumeClaim', max: { storage: '1Gi' } }), []],
    [of({ type: 'PersistentVolumeClaim' }), [`${place}.limits: Required value: either minimum or maximum storage value is required, but neither was provided`]],
    [of({ type: 'Other' }), [`${place}.type: Invalid value: "Other": must be a standard limit type or fully qualified`]],
    [of({ type: 'Pod', max: { cpu: '1' } }, { type: 'Pod' }), ['spec.limits[1].type: Duplicate value: "Pod"']],
    [of({ type: 'Pod', default: { cpu: '1' } }), [`${place}.default: Forbidden: may not be specified when \`type\` is 'Pod'`]],
    [of({ type: 'Pod', max: { cpu: '1' }, min: { cpu: '2' } }), [`${place}.min[cpu]: Invalid value: "2": min value 2 is greater than max value 1`]],
    [container({ max: { cpu: '1' }, default: { cpu: '2' }, defaultRequest: { cpu: '1' } }), [`${place}.default[cpu]: Invalid value: "1": default value 2 is greater than max value 1`]],
    [container({ default: { cpu: '1' }, defaultRequest: { cpu: '2' } }), [`${place}.defaultRequest[cpu]: Invalid value: "2": default request value 2 is greater than default limit value 1`]],
    [of({ type: 'Pod', max: { cpu: '2' }, min: { cpu: '1' }, maxLimitRequestRatio: { cpu: '3' } }), [`${place}.maxLimitRequestRatio[cpu]: Invalid value: "3": ratio 3 is greater than max/min = 2.000000`]],
    [of({ type: 'Pod', maxLimitRequestRatio: { cpu: '500m' } }), [`${place}.maxLimitRequestRatio[cpu]: Invalid value: "500m": ratio 500m is less than 1`]],
    [of({ type: 'Pod', max: { storage: '1' } }), [`${place}.max[storage]: Invalid value: "storage": must be a standard resource for containers`]],
    [container({ default: { 'a.b/gpu': '2' }, defaultRequest: { 'a.b/gpu': '1' } }), [`${place}.defaultRequest[a.b/gpu]: Invalid value: "1": default value 2 must equal to defaultRequest value 1 in a.b/gpu`]],
  ])('%.110j', (range, expected) => expect(creationProblems(strategy, range)).toEqual(expected));
});

test('needs no name', async () => {
  const { registry, context } = await createTestRegistry();
  const { metadata } = await registry.of(limitRanges).create(context, 'default', { spec: { limits: [{ type: 'Container', max: { cpu: '1' } }] } });
  expect(metadata?.name).toBe(metadata?.uid);
});
