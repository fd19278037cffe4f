/** Requests to pods, Services and nodes through the API server: `…/proxy` and everything under it. */
import type { IncomingMessage } from 'node:http';
import { pipeline } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { AppParts } from '../app-parts.ts';
import { newUnknownResource } from '../error-status.ts';
import { requestHeaders, responseHeaders } from './proxy-headers.ts';
import { beginRequest, connectToTarget, proxyPlace, unreachable, type ProxyPlace } from './proxy-request.ts';
import { findProxyTarget, type ProxyTarget } from './proxy-target.ts';
import { reviewProxy } from './review-proxy.ts';
import { createHtmlRewriter } from './rewrite-html.ts';

const paths = ['/api/v1/namespaces/:namespace/pods/:name/proxy', '/api/v1/namespaces/:namespace/services/:name/proxy', '/api/v1/nodes/:name/proxy'];

/** A scope of its own: here bodies are not read, they flow. */
export function registerProxy(app: FastifyInstance, parts: AppParts): void {
  void app.register((scope, _options, done) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', (_request, _payload, parsed) => parsed(null));
    for (const path of paths) {
      scope.all(path, (request, reply) => proxy(parts, request, reply));
      scope.all(`${path}/*`, (request, reply) => proxy(parts, request, reply));
    }
    done();
  });
}

async function proxy(parts: AppParts, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const { info } = request;
  if (!info.isResource) throw newUnknownResource();
  const target = await findProxyTarget(parts, info);
  const place = proxyPlace(request.raw, target.host);
  if (!place) throw newUnknownResource();
  await reviewProxy(parts, { user: request.user, userAgent: request.headers['user-agent'], auditAnnotations: request.audit?.annotations }, info, place.path);
  if (place.needsSlash && (request.method === 'GET' || request.method === 'HEAD')) {
    const [, ...query] = request.url.split('?');
    return reply.code(301).header('location', `${place.prefix}/${query.length > 0 ? `?${query.join('?')}` : ''}`).send();
  }
  const end = parts.longRunning.begin(() => request.raw.destroy());
  request.raw.once('close', end);
  reply.raw.once('close', end);
  const response = await ask(target, place, request, reply);
  reply.hijack();
  answer(response, place, request, reply);
  request.audit?.started(reply.raw.statusCode);
  return reply;
}

/** Sends the request. The body goes at the pace of the target. @throws StatusError ServiceUnavailable. */
async function ask(target: ProxyTarget, place: ProxyPlace, { raw, method }: FastifyRequest, reply: FastifyReply): Promise<IncomingMessage> {
  const connection = await connectToTarget(target);
  const call = beginRequest(connection, { method, path: place.path, headers: requestHeaders(raw, place) });
  reply.raw.once('close', () => connection.destroy());
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    call.once('response', resolve);
    call.once('error', (error) => reject(unreachable(error)));
  });
  // After the answer has begun, a broken connection shows in it.
  call.on('error', () => {});
  if (hasBody(raw)) {
    if (raw.headers['content-length'] === undefined) call.setHeader('Transfer-Encoding', 'chunked');
    pipeline(raw, call, (error) => { if (error) call.destroy(error); });
  } else {
    call.end();
  }
  return answered;
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || (headers['content-length'] !== undefined && headers['content-length'] !== '0');
}

function answer(response: IncomingMessage, place: ProxyPlace, request: FastifyRequest, reply: FastifyReply): void {
  const { raw } = reply;
  const rewriter = request.method === 'HEAD' ? undefined : createHtmlRewriter(response.headers, place);
  const headers = responseHeaders(response, place, rewriter !== undefined);
  raw.sendDate = response.headers.date === undefined;
  raw.writeHead(response.statusCode ?? 502, response.statusMessage, [['cache-control', 'no-cache, private'], ...headers].flat());
  // A client must not wait for the first bytes of a body to learn how its request was taken.
  raw.flushHeaders();
  const done = (error?: Error | null): void => {
    // Cut, so that the client does not take what it got for all there is.
    if (error) raw.destroy();
  };
  pipeline([response, ...rewriter ?? [], raw], done);
}
