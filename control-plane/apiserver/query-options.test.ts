import { describe, expect, it } from 'vitest';
import type { StatusError } from '../../api/errors.ts';
import { parseDeleteQuery, parseListQuery, parseWatchQuery, parseWriteOptions, validateDeleteOptions } from './query-options.ts';

function failureOf(action: () => unknown): StatusError {
  try {
    action();
  } catch (error) {
    return error as StatusError;
  }
  throw new Error('did not throw');
}

describe('list and watch options', () => {
  it('reads selectors, paging and versions', () => {
    expect(parseListQuery({ limit: '5', continue: 'abc', labelSelector: 'a=b', fieldSelector: 'metadata.name=x' }, 'ns')).toEqual({
      namespace: 'ns', limit: 5, continue: 'abc',
      labelSelector: [{ key: 'a', operator: 'In', values: ['b'] }], fieldSelector: [{ field: 'metadata.name', equal: true, value: 'x' }],
    });
  });

  it.each([
    [{ limit: 'many' }, 400, /strconv.ParseInt: parsing "many": invalid syntax/],
    [{ continue: 'x', resourceVersion: '5' }, 400, /not allowed when using continue/],
    [{ resourceVersion: 'new' }, 400, /^invalid resource version: resourceVersion: Invalid value: "new": strconv.ParseUint: parsing "new": invalid syntax$/],
    [{ timeoutSeconds: 'soon' }, 400, /^strconv.ParseInt: parsing "soon": invalid syntax$/],
    [{ resourceVersionMatch: 'Exact' }, 422, /resourceVersionMatch is forbidden unless resourceVersion is provided/],
    [{ resourceVersionMatch: 'Newest', resourceVersion: '1' }, 422, /Unsupported value: "Newest"/],
    [{ sendInitialEvents: 'true' }, 422, /sendInitialEvents is forbidden for list/],
    [{ labelSelector: 'a=b=c=d' }, 400, /found '=', expected: ',' or 'end of string'/],
  ])('refuses %j', (query, code, message) => {
    const failure = failureOf(() => parseListQuery(query, undefined));
    expect(failure.code).toBe(code);
    expect(failure.message).toMatch(message);
  });

  it('wants NotOlderThan with sendInitialEvents and only then', () => {
    expect(parseWatchQuery({ sendInitialEvents: 'true', resourceVersionMatch: 'NotOlderThan', allowWatchBookmarks: '1' }, undefined))
      .toMatchObject({ sendInitialEvents: true, allowWatchBookmarks: true, resourceVersion: '' });
    expect(failureOf(() => parseWatchQuery({ sendInitialEvents: 'true' }, undefined)).code).toBe(422);
    expect(failureOf(() => parseWatchQuery({ resourceVersionMatch: 'NotOlderThan' }, undefined)).code).toBe(422);
    expect(failureOf(() => parseWatchQuery({ resourceVersionMatch: 'Exact', sendInitialEvents: 'true' }, undefined)).message)
      .toContain('sendInitialEvents requires setting resourceVersionMatch to NotOlderThan, resourceVersionMatch: Unsupported value: "Exact": supported values: "NotOlderThan"');
    expect(parseWatchQuery({ sendInitialEvents: 'false', resourceVersionMatch: 'NotOlderThan' }, undefined)).toMatchObject({ sendInitialEvents: false, withoutInitialEvents: true });
  });
});

describe('write options', () => {
  it('warns by default', () => {
    expect(parseWriteOptions({}, 'CreateOptions')).toEqual({ dryRun: false, fieldValidation: 'Warn' });
    expect(parseWriteOptions({ dryRun: 'All', fieldManager: 'me', fieldValidation: 'Strict' }, 'CreateOptions')).toEqual({ dryRun: true, fieldValidation: 'Strict', fieldManager: 'me' });
  });

  it.each([
    [{ dryRun: 'Some' }, /CreateOptions.meta.k8s.io "" is invalid: dryRun: Unsupported value: \["Some"\]: supported values: "All"/],
    [{ fieldValidation: 'Maybe' }, /fieldValidation: Unsupported value: "Maybe": supported values: "", "Ignore", "Strict", "Warn"/],
    [{ fieldManager: 'x'.repeat(129) }, /fieldManager: Too long/],
  ])('refuses %j', (query, message) => {
    expect(failureOf(() => parseWriteOptions(query, 'CreateOptions')).message).toMatch(message);
  });
});

describe('delete options', () => {
  it('come from the query', () => {
    expect(parseDeleteQuery({ gracePeriodSeconds: '0', propagationPolicy: 'Orphan', dryRun: 'All', orphanDependents: 'false' }))
      .toEqual({ gracePeriodSeconds: 0, propagationPolicy: 'Orphan', dryRun: ['All'], orphanDependents: false });
  });

  it('take one of the two ways to say what happens to dependents', () => {
    expect(failureOf(() => validateDeleteOptions({ orphanDependents: true, propagationPolicy: 'Orphan' })).message).toMatch(/cannot be both set/);
    expect(failureOf(() => validateDeleteOptions({ propagationPolicy: 'Sometimes' })).message).toMatch(/Unsupported value: "Sometimes"/);
  });
});

describe('a field manager', () => {
  it.each([
    ['x'.repeat(129), 'CreateOptions.meta.k8s.io "" is invalid: fieldManager: Too long: may not be more than 128 bytes'],
    ['é\u0007', 'CreateOptions.meta.k8s.io "" is invalid: fieldManager: Invalid value: "é\\u0007": invalid character U+0007 (at position 2)'],
  ])('is no %j', (fieldManager, message) => {
    expect(failureOf(() => parseWriteOptions({ fieldManager }, 'CreateOptions')).message).toBe(message);
  });
});
