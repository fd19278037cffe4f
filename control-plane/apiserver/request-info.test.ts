import { describe, expect, it } from 'vitest';
import { parseRequestInfo } from './request-info.ts';

describe('parseRequestInfo', () => {
  it.each([
    ['GET', '/api/v1/namespaces', false, { verb: 'list', group: '', version: 'v1', resource: 'namespaces', namespace: undefined, name: undefined, subresource: '' }],
    ['GET', '/api/v1/namespaces/x', false, { verb: 'get', resource: 'namespaces', namespace: 'x', name: 'x' }],
    ['PUT', '/api/v1/namespaces/x/finalize', false, { verb: 'update', resource: 'namespaces', namespace: 'x', name: 'x', subresource: 'finalize' }],
    ['PATCH', '/api/v1/namespaces/x/status', false, { verb: 'patch', resource: 'namespaces', name: 'x', subresource: 'status' }],
    ['GET', '/api/v1/pods', true, { verb: 'watch', resource: 'pods', namespace: undefined }],
    ['GET', '/api/v1/namespaces/x/pods', false, { verb: 'list', resource: 'pods', namespace: 'x', name: undefined }],
    ['HEAD', '/api/v1/namespaces/x/pods/a', false, { verb: 'get', resource: 'pods', namespace: 'x', name: 'a' }],
    ['GET', '/api/v1/namespaces/x/pods/a', true, { verb: 'get', name: 'a' }],
    ['DELETE', '/api/v1/namespaces/x/pods', false, { verb: 'deletecollection' }],
    ['DELETE', '/apis/apps/v1/namespaces/x/deployments/a', false, { verb: 'delete', group: 'apps', resource: 'deployments', name: 'a' }],
    ['GET', '/api/v1/namespaces/x/pods/a/log', false, { verb: 'get', subresource: 'log' }],
    ['POST', '/api/v1/namespaces/x/pods/a/proxy/b/c', false, { verb: 'create', subresource: 'proxy' }],
    ['GET', '/api/v1/watch/namespaces/x/pods', false, { verb: 'watch', resource: 'pods', namespace: 'x' }],
    ['GET', '/api/v1/nodes/pi%2D1', false, { verb: 'get', resource: 'nodes', name: 'pi-1', namespace: undefined }],
    ['TRACE', '/api/v1/nodes', false, { verb: '' }],
  ])('%s %s watch=%s', (method, path, watch, expected) => {
    expect(parseRequestInfo(method, path, watch)).toMatchObject({ isResource: true, ...expected });
  });

  it.each(['/', '/version', '/api', '/api/v1', '/apis', '/apis/apps', '/apis/apps/v1', '/healthz/ping'])('%s is no resource', (path) => {
    expect(parseRequestInfo('GET', path, false)).toEqual({ isResource: false, verb: 'get', path });
  });

  it('refuses broken percent-encoding', () => {
    expect(() => parseRequestInfo('GET', '/api/v1/nodes/%zz', false)).toThrow(URIError);
  });
});
