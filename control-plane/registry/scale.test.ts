import { describe, expect, it } from 'vitest';
import { formatLabelSelector } from './scale.ts';

describe('a label selector as text', () => {
  it.each([
    [undefined, ''],
    [{ matchLabels: { b: '2', a: '1' } }, 'a=1,b=2'],
    [{ matchLabels: { b: '2' }, matchExpressions: [{ key: 'a', operator: 'In', values: ['y', 'x'] }] }, 'a in (x,y),b=2'],
    [{ matchExpressions: [{ key: 'a', operator: 'NotIn', values: ['x'] }, { key: 'b', operator: 'Exists' }, { key: 'c', operator: 'DoesNotExist' }] }, 'a notin (x),b,!c'],
  ])('%j', (selector, text) => {
    expect(formatLabelSelector(selector)).toBe(text);
  });
});
