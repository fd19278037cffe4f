import { expect, test } from 'vitest';
import { creationProblems, updateProblems } from '../../testing/strategy-problems.ts';
import { controllerRevisionStrategy as strategy } from './strategy.ts';

test('a ControllerRevision holds a state that does not change', () => {
  expect(creationProblems(strategy, { revision: 1, data: { a: 1 } })).toEqual([]);
  expect(creationProblems(strategy, { revision: -1 })).toEqual(['data: Required value: data is mandatory', 'revision: Invalid value: -1: must be greater than or equal to 0']);
  expect(updateProblems(strategy, { revision: 2, data: { a: 1 } }, { revision: 1, data: { a: 1 } })).toEqual([]);
  expect(updateProblems(strategy, { revision: 1, data: { a: 2 } }, { revision: 1, data: { a: 1 } })).toEqual(['data: Invalid value: {"a":2}: field is immutable']);
});
