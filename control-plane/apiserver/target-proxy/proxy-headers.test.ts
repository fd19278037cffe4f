import type { IncomingMessage } from 'node:http';
import { describe, expect, it } from 'vitest';
import { requestHeaders, responseHeaders, rewriteUrl, type Rewriting } from './proxy-headers.ts';
import { proxyPlace } from './proxy-request.ts';
import { parseProxyName } from './proxy-target.ts';

const prefix = '/api/v1/namespaces/n/pods/p/proxy';
const rewriting: Rewriting = { prefix, targetHost: '10.0.0.1:80', requestHost: 'api:6443' };

function message(headers: Record<string, string>, url = '/'): IncomingMessage {
  const lower = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
  return { headers: lower, rawHeaders: Object.entries(headers).flat(), socket: { remoteAddress: '192.0.2.1' }, url } as unknown as IncomingMessage;
}

describe('rewriteUrl', () => {
  it.each([
    ['/login', `${prefix}/login`],
    ['/login/?a=b#c', `${prefix}/login/?a=b#c`],
    ['http://10.0.0.1:80/x', `${prefix}/x`],
    ['https://api:6443/x', `https://api:6443${prefix}/x`],
    [`${prefix}/x`, `${prefix}/x`],
    ['http://elsewhere/x', 'http://elsewhere/x'],
    ['//elsewhere/x', '//elsewhere/x'],
    ['page.html', 'page.html'],
    ['#top', '#top'],
    ['mailto:a@b', 'mailto:a@b'],
    ['', ''],
  ])('%s', (url, expected) => {
    expect(rewriteUrl(url, rewriting)).toBe(expected);
  });
});

describe('headers', () => {
  it('of a request lose who the client is and what is about its connection', () => {
    const sent = requestHeaders(message({
      'Host': 'api:6443', 'Authorization': 'Bearer secret', 'Impersonate-User': 'x', 'Connection': 'close, X-Private', 'X-Private': '1', 'Transfer-Encoding': 'chunked',
      'Accept': '*/*', 'X-Forwarded-For': '198.51.100.1', 'Sec-WebSocket-Protocol': 'chat, base64url.bearer.authorization.k8s.io.c2VjcmV0',
    }), { prefix, path: '/a/?b=c' });
    expect(sent).toEqual([
      ['Host', 'api:6443'], ['Accept', '*/*'], ['Sec-WebSocket-Protocol', 'chat'], ['X-Forwarded-For', '198.51.100.1, 192.0.2.1'], ['X-Forwarded-Uri', `${prefix}/a/`],
    ]);
  });

  it('of an answer lose what opens the API to other pages, and lead back through the proxy', () => {
    const answer = message({ 'Location': '/x', 'Access-Control-Allow-Origin': '*', 'Keep-Alive': '5', 'Set-Cookie': 'a=b', 'Content-Length': '3' });
    expect(responseHeaders(answer, rewriting, false)).toEqual([['Location', `${prefix}/x`], ['Set-Cookie', 'a=b'], ['Content-Length', '3']]);
    expect(responseHeaders(answer, rewriting, true)).toEqual([['Location', `${prefix}/x`], ['Set-Cookie', 'a=b']]);
  });
});

describe('proxyPlace', () => {
  it.each([
    [prefix, '/', true],
    [`${prefix}/`, '/', false],
    [`${prefix}/a%2Fb/?x=%20`, '/a%2Fb/?x=%20', false],
    [`${prefix}/../a`, '/a', false],
    ['/api/v1/nodes/pi-1:10250/proxy/logs/', '/logs/', false],
  ])('%s', (url, path, needsSlash) => {
    expect(proxyPlace(message({}, url), 'h')).toMatchObject({ path, needsSlash });
  });

  it('is nowhere for what is no proxied path', () => {
    expect(proxyPlace(message({}, '/api/v1/pods'), 'h')).toBeUndefined();
  });
});

describe('parseProxyName', () => {
  it.each([
    ['web', { scheme: 'http', name: 'web', port: '' }],
    ['web:80', { scheme: 'http', name: 'web', port: '80' }],
    ['https:web:', { scheme: 'https', name: 'web', port: '' }],
    ['http:web:http', { scheme: 'http', name: 'web', port: 'http' }],
  ])('%s', (id, expected) => {
    expect(parseProxyName('service', id)).toEqual(expected);
  });

  it.each([':80', 'ftp:web:21', 'a:b:c:d', ''])('refuses %j', (id) => {
    expect(() => parseProxyName('service', id)).toThrow(`invalid service request ${JSON.stringify(id)}`);
  });
});
