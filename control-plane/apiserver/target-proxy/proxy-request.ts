/** One HTTP request to a proxy target, over a connection of its own. */
import { request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { newServiceUnavailable, type StatusError } from '../../../api/errors.ts';
import { connectionChannels, StreamDuplex } from '../../../machinery/stream-duplex.ts';
import { joinPath, type HeaderList, type Rewriting } from './proxy-headers.ts';
import type { ProxyTarget } from './proxy-target.ts';

/** Where a proxied request leads. */
export interface ProxyPlace extends Rewriting {
  /** With its query, as the target gets it. */
  path: string;
  /** The client asked for the target itself without a slash at the end, where relative links would go wrong. */
  needsSlash: boolean;
}

const placePattern = /^(\/api\/v1\/(?:namespaces\/[^/]+\/(?:pods|services)|nodes)\/[^/]+\/proxy)(\/.*)?$/;

/** @returns undefined for a path that is none of a proxied target. */
export function proxyPlace(request: IncomingMessage, targetHost: string): ProxyPlace | undefined {
  const [path = '', ...query] = (request.url ?? '').split('?');
  const match = placePattern.exec(path.replace(/\/{2,}/g, '/'));
  if (!match) return undefined;
  const suffix = query.length > 0 ? `?${query.join('?')}` : '';
  return {
    prefix: match[1]!, path: `${joinPath('/', match[2] ?? '/')}${suffix}`, needsSlash: match[2] === undefined,
    targetHost, requestHost: request.headers.host ?? '',
  };
}

/** @throws StatusError ServiceUnavailable, as kube-apiserver says that a target is out of reach. */
export async function connectToTarget(target: ProxyTarget): Promise<Duplex> {
  try {
    const connection = new StreamDuplex(await target.open(), connectionChannels.client);
    if (target.scheme === 'http') return connection;
    const { connect } = await import('node:tls');
    // Nobody knows the certificates of pods; the way to the board is secure.
    return connect({ socket: connection, rejectUnauthorized: false, ALPNProtocols: ['http/1.1'] });
  } catch (error) {
    throw unreachable(error);
  }
}

export function unreachable(error: unknown): StatusError {
  return newServiceUnavailable(`error trying to reach service: ${reasonOf(error)}`);
}

/** In the words of Go's net/http, where they are about the same. */
function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'EPROTO' && message.includes('wrong version number')) return 'http: server gave HTTP response to HTTPS client';
  if (code === 'ECONNRESET') return 'EOF';
  return message;
}

/** The request is not sent before its body, or `end()`. */
export function beginRequest(connection: Duplex, options: { method: string; path: string; headers: HeaderList }): ClientRequest {
  const request = httpRequest({
    createConnection: () => connection, method: options.method, path: options.path, setHost: false, maxHeaderSize: 64 * 1024,
  });
  const values = new Map<string, { name: string; values: string[] }>();
  for (const [name, value] of options.headers) {
    const known = values.get(name.toLowerCase());
    if (known) known.values.push(value);
    else values.set(name.toLowerCase(), { name, values: [value] });
  }
  for (const { name, values: list } of values.values()) request.setHeader(name, list.length === 1 ? list[0]! : list);
  return request;
}
