import { expect, test } from 'vitest';
import { apiVersionOf, deployments, endpointSlices, findKind, findResource, pods, resources } from './resources.ts';

test('rows are found by what URLs and objects name', () => {
  expect(findResource('', 'v1', 'pods')).toBe(pods);
  expect(findResource('apps', 'v1', 'pods')).toBeUndefined();
  expect(findResource('apps', 'v1beta1', 'deployments')).toBeUndefined();
  expect(findKind('apps/v1', 'Deployment')).toBe(deployments);
  expect(findKind('v1', 'Deployment')).toBeUndefined();
  expect(apiVersionOf(pods)).toBe('v1');
  expect(apiVersionOf(endpointSlices)).toBe('discovery.k8s.io/v1');
});

test('no two rows share a name that kubectl may use', () => {
  for (const name of ['plural', 'kind', 'schema'] as const) {
    expect(new Set(resources.map((row) => `${row.group}/${row[name]}`)).size).toBe(resources.length);
  }
  const short = resources.flatMap((row) => row.shortNames);
  expect(new Set(short).size).toBe(short.length);
});
