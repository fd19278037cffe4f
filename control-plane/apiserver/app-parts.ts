/** What the handlers of one app share. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { KubernetesObject } from '../../api/meta.ts';
import type { Resource } from '../../api/resources.ts';
import type { Clock } from '../../machinery/clock.ts';
import type { Logger } from '../../machinery/logger.ts';
import type { FieldValidation, Registry, RequestContext, ResourceRegistry, UserInfo } from '../registry/registry.ts';
import type { ResourceCatalog } from '../registry/resource-catalog.ts';
import type { Auditor } from '../audit/auditor.ts';
import type { TokenService } from '../authentication/token-service.ts';
import type { AccessParts } from './access.ts';
import type { BoardStreamOpener } from './board-streams.ts';
import { warningsOf } from './handlers/send-warnings.ts';
import type { LongRunningRequests } from './long-running-requests.ts';
import type { RequestInfo, ResourceRequest } from './request-info.ts';
import type { RawQuery } from './query-options.ts';

export interface AppParts extends AccessParts {
  registry: Registry;
  /** The kinds that are served now: the registry's. */
  catalog: ResourceCatalog;
  /** Absent: this server cannot reach boards (tests). */
  boardStreams: BoardStreamOpener | undefined;
  clock: Clock;
  logger: Logger;
  /** 0 <= x < 1. */
  random: () => number;
  longRunning: LongRunningRequests;
  /** Absent: nothing is written down. */
  audit: Auditor | undefined;
  /** Absent: this server issues and reviews no tokens (tests). */
  tokens: TokenService | undefined;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Set by the first hook, before any handler. */
    info: RequestInfo;
    user: UserInfo;
    /** Who sent the request, where `user` is impersonated. */
    impersonator: UserInfo | undefined;
    /** Why it is allowed; undefined before that is known, and of who is refused. */
    accessReason: string | undefined;
  }
}

/** A request for a resource of the table, on its way through a handler. */
export interface ResourceCall<T extends KubernetesObject = KubernetesObject> {
  parts: AppParts;
  request: FastifyRequest;
  reply: FastifyReply;
  info: ResourceRequest;
  query: RawQuery;
  resource: Resource<T>;
  store: ResourceRegistry<T>;
}

/** Without a fieldManager the first word of the User-Agent names it, as in Kubernetes. */
export function requestContext(call: ResourceCall, options: { dryRun: boolean; fieldManager?: string; fieldValidation?: FieldValidation }): RequestContext {
  const agent = call.request.headers['user-agent'] ?? '';
  return {
    user: call.request.user,
    fieldManager: options.fieldManager ?? (agent.split('/', 1)[0]!.slice(0, 128) || 'unknown'),
    dryRun: options.dryRun,
    warnings: warningsOf(call.request),
    ...(call.request.audit === undefined ? {} : { auditAnnotations: call.request.audit.annotations }),
    ...(options.fieldValidation === undefined ? {} : { fieldValidation: options.fieldValidation }),
  };
}
