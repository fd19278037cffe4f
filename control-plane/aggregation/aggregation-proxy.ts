/** Passes requests for aggregated group-versions on, bodies and streams as they flow. Follows k8s.io/kube-aggregator: handler_proxy. */
import { pipeline } from 'node:stream';
import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { APIService } from '../../api/apiregistration.ts';
import { newServiceUnavailable } from '../../api/errors.ts';
import { withoutToken } from '../authentication/token-authenticator.ts';
import { isAvailable, type AggregatedServices } from './aggregated-services.ts';
import { beginExtensionRequest, userHeaders, type ExtensionAccess } from './extension-request.ts';

export interface AggregationOptions extends ExtensionAccess {
  services: AggregatedServices;
}

const hopByHop = new Set(['connection', 'keep-alive', 'proxy-authenticate', 'proxy-authorization', 'te', 'trailer', 'transfer-encoding', 'upgrade', 'host', 'authorization']);

/**
 * Before bodies are read, after access was checked and the request has its seat: add it after the hooks that do that.
 * @param left called when the answer is out or the client is gone; Fastify does not tell of answers that are not its own.
 */
export function registerAggregation(app: FastifyInstance, options: AggregationOptions, left: (request: FastifyRequest) => void): void {
  app.addHook('preParsing', async (request, reply) => {
    const service = findAggregated(options.services, request.url);
    if (!service) return;
    reply.raw.once('close', () => left(request));
    await forward(options, service, request, reply);
  });
}

const ownPlace = /^(?:\/openapi\/v3)?\/apis\/([^/?]+)\/([^/?]+)/;

/** @param url with its query. @returns the APIService whose server answers there. */
export function findAggregated(services: AggregatedServices, url: string): APIService | undefined {
  const [, group, version] = ownPlace.exec(url) ?? [];
  return group && version ? services.find(group, version) : undefined;
}

async function forward(options: AggregationOptions, service: APIService, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  if (!isAvailable(service)) throw newServiceUnavailable('service unavailable');
  const { raw } = request;
  let response: IncomingMessage;
  try {
    const call = await beginExtensionRequest(options, service, { method: request.method, path: request.url, headers: { ...forwardedHeaders(raw), ...userHeaders(request.user), 'Audit-Id': reply.getHeader('audit-id') } });
    reply.raw.once('close', () => call.destroy());
    // Clients do not wait for connections to be made.
    if (reply.raw.destroyed) call.destroy();
    const answered = new Promise<IncomingMessage>((resolve, reject) => {
      call.once('response', resolve);
      call.on('error', reject);
    });
    if (raw.headers['content-length'] !== undefined || raw.headers['transfer-encoding'] !== undefined) pipeline(raw, call, () => {});
    else call.end();
    response = await answered;
  } catch (error) {
    throw newServiceUnavailable(`error trying to reach service: ${(error as Error).message}`);
  }
  reply.hijack();
  const headers = Object.fromEntries(Object.entries(response.headers).filter(([name]) => !hopByHop.has(name)));
  reply.raw.writeHead(response.statusCode ?? 502, { ...reply.getHeaders() as OutgoingHttpHeaders, ...headers });
  reply.raw.flushHeaders();
  pipeline(response, reply.raw, (error) => { if (error) reply.raw.destroy(); });
}

/** What the client says about its identity is for this server, not for the next. */
export function forwardedHeaders({ headers, socket }: IncomingMessage): OutgoingHttpHeaders {
  const kept = Object.entries(headers).filter(([name]) => !hopByHop.has(name) && name !== 'sec-websocket-protocol' && !name.startsWith('x-remote-') && !name.startsWith('impersonate-'));
  const protocols = withoutToken(headers['sec-websocket-protocol'] ?? '').join(', ');
  return { ...Object.fromEntries(kept), ...(protocols ? { 'sec-websocket-protocol': protocols } : {}), 'X-Forwarded-For': socket.remoteAddress ?? '', 'X-Forwarded-Proto': 'https' };
}
