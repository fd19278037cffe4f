import { expect, test } from 'vitest';
import { describeSelector } from './describe-selector.ts';

test('a selector as Go prints it', () => {
  expect(describeSelector({ matchLabels: { b: '2', a: '1' }, matchExpressions: [{ key: 'tier', operator: 'In', values: ['x', 'y'] }] }))
    .toBe('&LabelSelector{MatchLabels:map[string]string{a: 1,b: 2,},MatchExpressions:[]LabelSelectorRequirement{LabelSelectorRequirement{Key:tier,Operator:In,Values:[x y],},},}');
  expect(describeSelector(undefined)).toBe('nil');
});
