import { expect, it } from 'vitest';
import { age, humanDuration } from './human-duration.ts';

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

it.each([
  [-2 * second, '<invalid>'], [-1 * second, '0s'], [0, '0s'], [119 * second, '119s'], [2 * minute, '2m'], [2 * minute + second, '2m1s'], [599 * second, '9m59s'],
  [10 * minute, '10m'], [179 * minute, '179m'], [3 * hour, '3h'], [3 * hour + 5 * minute, '3h5m'], [8 * hour, '8h'], [47 * hour, '47h'], [2 * day, '2d'],
  [2 * day + hour, '2d1h'], [8 * day, '8d'], [729 * day, '729d'], [730 * day, '2y'], [735 * day, '2y5d'], [8 * 365 * day, '8y'],
])('%d ms is %s', (milliseconds, expected) => {
  expect(humanDuration(milliseconds)).toBe(expected);
});

it('has no age without a time', () => {
  expect(age(undefined, 0)).toBe('<unknown>');
  expect(age('yesterday', 0)).toBe('<unknown>');
});
