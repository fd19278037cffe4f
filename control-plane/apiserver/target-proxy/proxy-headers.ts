/** Headers of proxied requests and answers. Sources: Go's httputil.ReverseProxy, k8s.io/apimachinery/pkg/util/proxy. */
import type { IncomingMessage } from 'node:http';
import { posix } from 'node:path';
import { withoutToken } from '../../authentication/token-authenticator.ts';

/** About one connection, not about what is sent on it. */
const hopByHop = new Set(['connection', 'keep-alive', 'proxy-authenticate', 'proxy-authorization', 'proxy-connection', 'te', 'trailer', 'transfer-encoding', 'upgrade', 'expect']);
/** Of a pod's answer: it must not open the API server's origin to other pages. */
const crossOrigin = new Set(['access-control-allow-credentials', 'access-control-allow-headers', 'access-control-allow-methods', 'access-control-allow-origin']);

export type HeaderList = readonly (readonly [name: string, value: string])[];

function headerList({ rawHeaders }: IncomingMessage): [string, string][] {
  const list: [string, string][] = [];
  for (let index = 0; index < rawHeaders.length; index += 2) list.push([rawHeaders[index]!, rawHeaders[index + 1]!]);
  return list;
}

/** Those that `Connection` names are of one connection as well. */
function namedByConnection(message: IncomingMessage): ReadonlySet<string> {
  return new Set((message.headers.connection ?? '').toLowerCase().split(',').map((name) => name.trim()));
}

/** What says who the client is, which is not for the pod to know: it could act as the client. */
function isCredential(name: string): boolean {
  return name === 'authorization' || name.startsWith('impersonate-') || name.startsWith('x-remote-');
}

/** @param prefix the path under which the target is seen. @param path the target's own. */
export function requestHeaders(request: IncomingMessage, { prefix, path }: { prefix: string; path: string }): HeaderList {
  const dropped = namedByConnection(request);
  const headers = headerList(request).filter(([name]) => {
    const lower = name.toLowerCase();
    return !hopByHop.has(lower) && !dropped.has(lower) && !isCredential(lower) && lower !== 'x-forwarded-uri' && lower !== 'x-forwarded-for';
  }).map(([name, value]) => (name.toLowerCase() === 'sec-websocket-protocol' ? [name, withoutToken(value).join(', ')] as const : [name, value] as const));
  const before = request.headers['x-forwarded-for'];
  const client = request.socket.remoteAddress ?? '';
  const chain = [before ?? []].flat().concat(client).filter((address) => address !== '').join(', ');
  return [...headers, ['X-Forwarded-For', chain], ['X-Forwarded-Uri', joinPath(prefix, path.split('?', 1)[0]!)]];
}

export interface Rewriting {
  /** The path under which the target is seen, without a slash at its end. */
  prefix: string;
  /** The target's, as in a URL. */
  targetHost: string;
  /** As the client named the API server. */
  requestHost: string;
}

/** @param dropLength where the body is changed on the way. */
export function responseHeaders(response: IncomingMessage, rewriting: Rewriting, dropLength: boolean): HeaderList {
  const dropped = namedByConnection(response);
  return headerList(response).filter(([name]) => {
    const lower = name.toLowerCase();
    return !hopByHop.has(lower) && !dropped.has(lower) && !crossOrigin.has(lower) && !(dropLength && (lower === 'content-length' || lower === 'content-encoding'));
  }).map(([name, value]) => (name.toLowerCase() === 'location' ? [name, rewriteUrl(value, rewriting)] as const : [name, value] as const));
}

const urlParts = /^(?:([a-z][a-z0-9+.-]*):)?(?:\/\/([^/?#]*))?([^?#]*)(.*)$/is;

/** A path of the target's → where the client finds it. What is relative, or of another host, stays as it is. */
export function rewriteUrl(text: string, { prefix, targetHost, requestHost }: Rewriting): string {
  const [, scheme, host = '', path = '', rest = ''] = urlParts.exec(text) ?? [];
  const elsewhere = host !== '' && host !== targetHost && host !== requestHost;
  if (elsewhere || !path.startsWith('/')) return text;
  const origin = host === requestHost && host !== '' ? `${scheme === undefined ? '' : `${scheme}:`}//${host}` : '';
  return `${origin}${path.startsWith(prefix) ? path : joinPath(prefix, path)}${rest}`;
}

/** As Go's path.Join, with the slash at the end kept. */
export function joinPath(prefix: string, path: string): string {
  const joined = posix.join(prefix, path);
  return joined.length > 1 && path.endsWith('/') && !joined.endsWith('/') ? `${joined}/` : joined;
}
