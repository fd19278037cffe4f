/** The API server as a Fastify app. Builds without listening: tests drive it with inject(). */
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { newTooManyRequests } from '../../api/errors.ts';
import type { Clock, Timer } from '../../machinery/clock.ts';
import type { Logger } from '../../machinery/logger.ts';
import type { Registry } from '../registry/registry.ts';
import type { Authenticator } from '../authentication/authenticator.ts';
import { auditIdOf, Auditor, type AuditOptions } from '../audit/auditor.ts';
import { registerAudit } from '../audit/register-audit.ts';
import type { TokenService } from '../authentication/token-service.ts';
import type { Authorizer } from '../authorization/authorizer.ts';
import { createPublicAuthorizer } from '../authorization/public-authorizer.ts';
import { checkAccess, type Access, type AccessRequest } from './access.ts';
import { registerAggregation, type AggregationOptions } from '../aggregation/aggregation-proxy.ts';
import type { AppParts } from './app-parts.ts';
import type { BoardStreamOpener } from './board-streams.ts';
import type { AggregatedGroupVersions } from './discovery/group-versions.ts';
import { maxBodyBytes, newMethodUnknown, newUnknownResource, toStatusError } from './error-status.ts';
import { FairLimits } from './fairness/fair-limits.ts';
import type { FlowConfiguration } from './fairness/flow-configuration.ts';
import { createResourceHandler, isLongRunning } from './handlers/resource-handler.ts';
import { sendWarnings } from './handlers/send-warnings.ts';
import { LongRunningRequests } from './long-running-requests.ts';
import { rotateEncodedBytes } from './object-encoder.ts';
import { booleanValue, type RawQuery } from './query-options.ts';
import { answerBrokenRequest } from './raw-response.ts';
import { registerProxy } from './target-proxy/proxy-routes.ts';
import { createUpgradeHandler } from './remote-command/upgrade-handler.ts';
import { parseRequestInfo } from './request-info.ts';
import { sendStatus } from './responses.ts';
import { rotateSharedEvents } from './watch-encoder.ts';
import { registerDiscovery, ServedGroups } from './routes/discovery.ts';
import { registerHealth, type HealthChecks } from './routes/health.ts';
import { registerIssuer } from './routes/issuer.ts';
import { registerMetrics } from './routes/metrics.ts';
import { registerOpenApi } from './routes/openapi.ts';
import { gitVersion, registerVersion } from './routes/version.ts';

/** PEM, all of them. */
export interface TlsOptions {
  certificate: string;
  key: string;
  /** Client certificates of this authority are users. */
  clientCa: string;
}

export interface AppOptions {
  registry: Registry;
  authenticator: Authenticator;
  /** Default: administrators everything, users discovery, everyone health and version. */
  authorizer?: Authorizer;
  /** Service account tokens. Absent: none are issued. */
  tokens?: TokenService;
  /** Bramble's own, `0.1.0`. */
  version: string;
  clock: Clock;
  logger: Logger;
  /** Absent: plain HTTP, for tests with inject() only. */
  tls?: TlsOptions;
  boardStreams?: BoardStreamOpener;
  /** Group-versions of extension API servers, for discovery. Default: none. */
  aggregatedGroupVersions?: AggregatedGroupVersions;
  /** Absent: no APIService leads to another server. */
  aggregation?: AggregationOptions;
  health?: Partial<HealthChecks>;
  /** 0 <= x < 1, spreads the ends of watches. Default Math.random is the caller's to give. */
  random: () => number;
  /** What is written down. Absent: nothing. */
  audit?: AuditOptions;
  /** Requests under way, without watches and other streams. Default 400. */
  maxInFlight?: number;
  /** The FlowSchemas and priority levels. Absent: those that a cluster begins with. */
  flows?: FlowConfiguration;
  /** Watches, followed logs and commands under way. Default: at most 4000. */
  longRunning?: LongRunningRequests;
}

const maxHeaderBytes = 64 * 1024;
const idleBytesMs = 5 * 60 * 1000;

export function buildApp(options: AppOptions): FastifyInstance {
  const { logger } = options;
  const app = createFastify(options.tls);
  const parts: AppParts = {
    registry: options.registry, catalog: options.registry.catalog, authenticator: options.authenticator, authorizer: options.authorizer ?? createPublicAuthorizer(),
    boardStreams: options.boardStreams, clock: options.clock, logger, random: options.random,
    longRunning: options.longRunning ?? new LongRunningRequests(4000), tokens: options.tokens, audit: options.audit && new Auditor(options.audit),
  };
  acceptAnyBody(app);
  app.setErrorHandler((error, request, reply) => answerError(logger, error, request, reply));
  app.setNotFoundHandler((request, reply) => answerNotFound(request, reply));
  app.decorateRequest('info', null as never);
  app.decorateRequest('user', null as never);
  app.decorateRequest('impersonator', undefined);
  app.decorateRequest('accessReason', undefined);
  app.decorateRequest('audit', undefined);
  if (parts.audit) registerAudit(app, parts.audit);
  const leave = limitRequests(app, new FairLimits({ maxInFlight: options.maxInFlight ?? 400, clock: options.clock, flows: options.flows }));
  app.addHook('onRequest', (request, reply, done) => {
    reply.header('cache-control', 'no-cache, private');
    // With a log the request's entry names it.
    if (!parts.audit) reply.header('audit-id', auditIdOf(request.headers['audit-id']));
    checkRequest(parts, request, done);
  });
  if (options.aggregation) registerAggregation(app, options.aggregation, leave);
  app.addHook('preClose', () => parts.longRunning.stop());

  forgetIdleBytes(app, options.clock);
  registerMetrics(app, parts, gitVersion(options.version));
  registerVersion(app, options.version, parts.catalog);
  registerHealth(app, { live: options.health?.live ?? [], ready: options.health?.ready ?? [] }, logger);
  if (options.tokens) registerIssuer(app, options.tokens);
  registerDiscovery(app, new ServedGroups(parts.catalog, options.aggregatedGroupVersions ?? options.aggregation?.services));
  registerOpenApi(app, gitVersion(options.version), options.clock, parts.catalog, options.aggregation?.services);
  registerProxy(app, parts);
  // Resources are found by the table at run time, not by a route each.
  const handle = createResourceHandler(parts);
  app.all('/api/*', { onSend: sendWarnings }, handle);
  app.all('/apis/*', { onSend: sendWarnings }, handle);
  app.server.on('upgrade', createUpgradeHandler(parts, options.aggregation));
  return app;
}

/** No route has a schema of Fastify's. Its two compilers take more room than the rest of it, and the bundle leaves them out. */
function noSchemas(): never {
  throw new Error('routes have no schemas here');
}

function createFastify(tls: TlsOptions | undefined): FastifyInstance {
  const common = {
    bodyLimit: maxBodyBytes,
    requestTimeout: 60_000,
    keepAliveTimeout: 120_000,
    routerOptions: { maxParamLength: 8192, ignoreTrailingSlash: true },
    clientErrorHandler: answerBrokenRequest,
    schemaController: { compilersFactory: { buildValidator: noSchemas, buildSerializer: noSchemas } },
    frameworkErrors: (error: unknown, _request: unknown, reply: FastifyReply) => void sendStatus(reply, toStatusError(error).status),
  };
  if (!tls) return Fastify(common);
  return Fastify({
    ...common,
    https: {
      cert: tls.certificate, key: tls.key, ca: tls.clientCa, minVersion: 'TLSv1.2', maxHeaderSize: maxHeaderBytes, headersTimeout: 30_000,
      // Asked for, not required; what does not verify is refused by the authenticator, with a Status.
      requestCert: true, rejectUnauthorized: false,
    },
  });
}

/** What was encoded for clients that come no more must not stay in memory. */
function forgetIdleBytes(app: FastifyInstance, clock: Clock): void {
  let timer: Timer | undefined;
  const next = (): void => {
    timer = clock.after(idleBytesMs, () => {
      rotateEncodedBytes();
      rotateSharedEvents();
      next();
    });
  };
  next();
  app.addHook('onClose', (_app, done) => {
    timer?.cancel();
    done();
  });
}

/** Bodies stay bytes: each handler decodes by its own rules. */
function acceptAnyBody(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
}

/** Calls back at once where nothing must be waited for. */
function checkRequest(parts: AppParts, request: FastifyRequest, done: (error?: Error) => void): void {
  const query = request.query as RawQuery;
  const info = request.info = parseRequestInfo(request.method, request.url.split('?', 1)[0]!, booleanValue(query, 'watch'));
  const asked: AccessRequest = { request: request.raw, info, query };
  const accept = ({ user, impersonator, reason }: Access): void => {
    request.user = user;
    request.impersonator = impersonator;
    request.accessReason = reason;
    done();
  };
  const refuse = (error: unknown): void => {
    if (asked.user) request.user = asked.user;
    if (asked.sender !== asked.user) request.impersonator = asked.sender;
    done(error instanceof Error ? error : new Error(String(error)));
  };
  let access: ReturnType<typeof checkAccess>;
  try {
    access = checkAccess(parts, asked);
  } catch (error) {
    refuse(error);
    return;
  }
  if (access instanceof Promise) access.then(accept, refuse);
  else accept(access);
}

/** Who is over his share waits for a moment; what is over the bounds of that is refused, so that no board is buried in work. @returns gives a request's seat back. */
function limitRequests(app: FastifyInstance, limits: FairLimits): (request: FastifyRequest) => void {
  const leaving = new WeakMap<FastifyRequest, () => void>();
  app.addHook('preParsing', (request, reply, _payload, done) => {
    const { verb } = request.info;
    if (isLongRunning(request) && verb !== 'watch') {
      done();
      return;
    }
    const leave = limits.enter(request.user, request.info, (release) => {
      leaving.set(request, release);
      done();
      // A watch takes a seat while it begins: then its stream is registered and has what there is to begin with.
      if (verb === 'watch') release();
    }, () => done(newTooManyRequests('Too many requests, please try again later.', 1)), ({ schemaUid, levelUid }) => {
      if (schemaUid !== '' && levelUid !== '') reply.header('x-kubernetes-pf-flowschema-uid', schemaUid).header('x-kubernetes-pf-prioritylevel-uid', levelUid);
    });
    // Still waiting.
    if (!leaving.has(request)) leaving.set(request, leave);
  });
  const leave = (request: FastifyRequest): void => {
    leaving.get(request)?.();
    leaving.delete(request);
  };
  app.addHook('onResponse', (request, _reply, done) => {
    leave(request);
    done();
  });
  app.addHook('onRequestAbort', (request, done) => {
    leave(request);
    done();
  });
  return leave;
}

function answerError(logger: Logger, error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const failure = toStatusError(error);
  if (failure.code >= 500) logger.error('request failed', { method: request.method, path: request.url.split('?', 1)[0], error: failure.cause ?? failure });
  return sendStatus(reply, failure.status);
}

/** Answered to GET alone, and to any other method with a Status. */
const documents: ReadonlySet<string> = new Set(['/', '/api', '/apis', '/version']);

function answerNotFound(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { path } = request.info;
  if (request.method !== 'GET' && documents.has(path.replace(/(?<=.)\/$/, ''))) return sendStatus(reply.header('allow', 'GET'), newMethodUnknown().status);
  if (/^\/apis?(\/|$)/.test(path)) return sendStatus(reply, newUnknownResource().status);
  return reply.code(404).type('text/plain; charset=utf-8').send('404 page not found\n');
}
