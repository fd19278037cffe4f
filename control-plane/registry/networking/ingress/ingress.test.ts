import { describe, expect, test } from 'vitest';
import { creationProblems, statusProblems, updateProblems } from '../../testing/strategy-problems.ts';
import { ingressStrategy as strategy } from './strategy.ts';

const backend = { service: { name: 'web', port: { number: 80 } } };
const withPath = (fields: object) => ({ spec: { rules: [{ http: { paths: [{ path: '/', pathType: 'Prefix', backend, ...fields }] } }] } });
const place = 'spec.rules[0].http.paths[0]';

describe('an Ingress', () => {
  test.each<[object, (string | RegExp)[]]>([
    [{ spec: { defaultBackend: backend, ingressClassName: 'a', tls: [{ hosts: ['a.example.com', '*.example.com'], secretName: 'a' }], rules: [{ host: '*.example.com' }] } }, []],
    [withPath({ backend: { resource: { apiGroup: 'example.com', kind: 'Bucket', name: 'a' } } }), []],
    [withPath({ pathType: 'ImplementationSpecific', path: '' }), []],
    [{}, ['spec: Invalid value: null: either `defaultBackend` or `rules` must be specified']],
    [{ spec: { rules: [] } }, ['spec: Invalid value: []: either `defaultBackend` or `rules` must be specified']],
    [{ spec: { rules: [{ http: {} }] } }, ['spec.rules[0].http.paths: Required value']],
    [{ spec: { rules: [{ host: '198.18.0.1' }] } }, ['spec.rules[0].host: Invalid value: "198.18.0.1": must be a DNS name, not an IP address']],
    [withPath({ pathType: undefined }), [`${place}.pathType: Required value: pathType must be specified`]],
    [withPath({ pathType: 'Regex' }), [`${place}.pathType: Unsupported value: "Regex": supported values: "Exact", "ImplementationSpecific", "Prefix"`]],
    [withPath({ path: 'a//b/..' }), [
      `${place}.path: Invalid value: "a//b/..": must be an absolute path`, `${place}.path: Invalid value: "a//b/..": must not contain '//'`, `${place}.path: Invalid value: "a//b/..": cannot end with '/..'`,
    ]],
    [withPath({ backend: {} }), [`${place}.backend: Invalid value: "": resource or service backend is required`]],
    [withPath({ backend: { ...backend, resource: { kind: 'Bucket', name: 'a' } } }), [`${place}.backend: Invalid value: "": cannot set both resource and service backends`]],
    [withPath({ backend: { resource: {} } }), [`${place}.backend.resource.kind: Required value: kind is required`, `${place}.backend.resource.name: Required value: name is required`]],
    [withPath({ backend: { service: {} } }), [`${place}.backend.service.name: Required value`, `${place}.backend: Required value: port name or number is required`]],
    [withPath({ backend: { service: { name: 'web', port: { number: 70_000 } } } }), [`${place}.backend.service.port.number: Invalid value: 70000: must be between 1 and 65535, inclusive`]],
  ])('%.110j', (ingress, expected) => expect(creationProblems(strategy, ingress)).toEqual(expected));

  test('names its class in one way, and keeps an odd Secret that it has', () => {
    const ingress = { metadata: { annotations: { 'kubernetes.io/ingress.class': 'a' } }, spec: { defaultBackend: backend, ingressClassName: 'b' } };
    expect(creationProblems(strategy, ingress)).toEqual(['annotations.kubernetes.io/ingress.class: Invalid value: "a": must match `ingressClassName` when both are specified']);
    const odd = { spec: { defaultBackend: backend, tls: [{ secretName: 'ODD' }] } };
    expect(creationProblems(strategy, odd)).toHaveLength(1);
    expect(updateProblems(strategy, odd, odd)).toEqual([]);
  });

  test('is reached at an address or a name', () => {
    expect(statusProblems(strategy, { loadBalancer: { ingress: [{ ip: '198.18.0.1' }, { hostname: 'a.example.com' }] } })).toEqual([]);
    expect(statusProblems(strategy, { loadBalancer: { ingress: [{ ip: 'x', hostname: '198.18.0.1' }] } })).toEqual([
      'status.loadBalancer.ingress[0].ip: Invalid value: "x": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)', 'status.loadBalancer.ingress[0].hostname: Invalid value: "198.18.0.1": must be a DNS name, not an IP address',
    ]);
  });
});
