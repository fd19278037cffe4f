import { describe, expect, test } from 'vitest';
import * as errors from './errors.ts';

const pods = { group: '', plural: 'pods' };
const deployments = { group: 'apps', plural: 'deployments' };

// As k8s.io/apimachinery/pkg/api/errors words them.
test.each<[errors.StatusError, number, string, string]>([
  [errors.newNotFound(pods, 'web'), 404, 'NotFound', 'pods "web" not found'],
  [errors.newNotFound(deployments, 'web'), 404, 'NotFound', 'deployments.apps "web" not found'],
  [errors.newAlreadyExists(deployments, 'web'), 409, 'AlreadyExists', 'deployments.apps "web" already exists'],
  [errors.newModifiedConflict(pods, 'web'), 409, 'Conflict', 'Operation cannot be fulfilled on pods "web": the object has been modified; please apply your changes to the latest version and try again'],
  [errors.newForbidden(pods, 'web', 'no'), 403, 'Forbidden', 'pods "web" is forbidden: no'],
  [errors.newForbidden(pods, '', 'no'), 403, 'Forbidden', 'pods is forbidden: no'],
  [errors.newUnauthorized(), 401, 'Unauthorized', 'Unauthorized'],
  [errors.newExpired('old'), 410, 'Expired', 'old'],
  [errors.newTimeout('slow'), 504, 'Timeout', 'Timeout: slow'],
  [errors.newInternalError('oops'), 500, 'InternalError', 'Internal error occurred: oops'],
  [errors.newTooManyRequests('later', 1), 429, 'TooManyRequests', 'later'],
])('%s', (error, code, reason, message) => {
  expect(error).toMatchObject({ code, reason, message });
  expect(error.status).toMatchObject({ kind: 'Status', apiVersion: 'v1', status: 'Failure', code, reason, message });
});

describe('newInvalid', () => {
  const name = { reason: 'FieldValueRequired', field: 'metadata.name', message: 'Required value' } as const;
  const image = { reason: 'FieldValueInvalid', field: 'spec.image', message: 'Invalid value: "": no' } as const;

  test('names one rule without, several with brackets, and lists them as causes', () => {
    expect(errors.newInvalid({ group: '', kind: 'Pod' }, 'web', [name]).message).toBe('Pod "web" is invalid: metadata.name: Required value');
    const several = errors.newInvalid({ group: 'apps', kind: 'Deployment' }, 'web', [name, image]);
    expect(several.message).toBe('Deployment.apps "web" is invalid: [metadata.name: Required value, spec.image: Invalid value: "": no]');
    expect(several.status.details).toEqual({ name: 'web', group: 'apps', kind: 'Deployment', causes: [{ ...name }, { ...image }] });
  });
});

test('errors are told apart by reason, never by message', () => {
  expect(errors.isNotFound(errors.newNotFound(pods, 'a'))).toBe(true);
  expect(errors.isNotFound(new Error('pods "a" not found'))).toBe(false);
  expect(errors.isConflict(errors.newAlreadyExists(pods, 'a'))).toBe(false);
  expect(errors.isAlreadyExists(errors.newAlreadyExists(pods, 'a'))).toBe(true);
  expect(errors.isExpired(errors.newExpired('x'))).toBe(true);
  expect(errors.isForbidden(errors.newForbidden(pods, 'a', 'b'))).toBe(true);
  expect(errors.isInvalid(errors.newInvalid({ group: '', kind: 'Pod' }, 'a', []))).toBe(true);
  expect(errors.isNotFound(undefined)).toBe(false);
});

test('the cause of an internal error stays out of what clients see', () => {
  const error = errors.newInternalError('oops', new Error('secret path'));
  expect(error.cause).toMatchObject({ message: 'secret path' });
  expect(JSON.stringify(error.status)).not.toContain('secret');
});
