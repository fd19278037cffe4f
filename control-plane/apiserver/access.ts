/** The way of every request past authentication, impersonation and authorization. */
import type { IncomingMessage } from 'node:http';
import { parseFieldSelector, type FieldRequirement } from '../../api/fields.ts';
import { anonymous, type Authenticator } from '../authentication/authenticator.ts';
import { impersonate, isImpersonating } from '../authentication/impersonation.ts';
import { isMaster, newAccessForbidden, type AuthorizationAttributes, type Authorizer } from '../authorization/authorizer.ts';
import type { UserInfo } from '../registry/registry.ts';
import { booleanValue, firstValue, type RawQuery } from './query-options.ts';
import { parseRequestInfo, type RequestInfo } from './request-info.ts';

export interface AccessParts {
  authenticator: Authenticator;
  authorizer: Authorizer;
}

/** Who asks, as whom, for what. */
export interface Access {
  /** Whom the request acts as. */
  user: UserInfo;
  /** Who sent it, where that is somebody else (impersonation). */
  impersonator?: UserInfo;
  info: RequestInfo;
  /** Why it is allowed, for the audit log; may be empty. */
  reason: string;
}

/**
 * Reads requests that do not pass through the router (upgrades).
 * @throws URIError.
 */
export function readAccessRequest(request: IncomingMessage): AccessRequest {
  const url = new URL(request.url ?? '/', 'https://server');
  const query: Record<string, string[]> = {};
  for (const [name, value] of url.searchParams) (query[name] ??= []).push(value);
  return { request, info: parseRequestInfo(request.method ?? 'GET', url.pathname, booleanValue(query, 'watch')), query };
}

export interface AccessRequest {
  request: IncomingMessage;
  info: RequestInfo;
  query: RawQuery;
  /** Who sent it and whom it acts as, filled in as they get known: of the refused too. */
  sender?: UserInfo;
  user?: UserInfo;
}

/**
 * Answers at once where the authenticator does.
 * @throws StatusError (or rejects with it) Unauthorized or Forbidden.
 */
export function checkAccess(parts: AccessParts, asked: AccessRequest): Access | Promise<Access> {
  const user = parts.authenticator.authenticate(asked.request);
  return user instanceof Promise ? user.then((known) => authorize(parts, asked, known ?? anonymous)) : authorize(parts, asked, user ?? anonymous);
}

function authorize({ authorizer }: AccessParts, asked: AccessRequest, sender: UserInfo): Access {
  const { request, info, query } = asked;
  asked.sender = asked.user = sender;
  const impersonating = isImpersonating(request.headers);
  const user = impersonating ? impersonate(authorizer, sender, request) : sender;
  asked.user = user;
  let why = '';
  if (!isMaster(user)) {
    const attributes = attributesOf(user, info, query);
    const { decision, reason } = authorizer.authorize(attributes);
    if (decision !== 'allow') throw newAccessForbidden(attributes, reason);
    why = reason;
  }
  return impersonating ? { user, impersonator: sender, info, reason: why } : { user, info, reason: why };
}

function attributesOf(user: UserInfo, info: RequestInfo, query: RawQuery): AuthorizationAttributes {
  if (!info.isResource) return { user, isResource: false, verb: info.verb, path: info.path };
  const { verb, group, version, resource, subresource, namespace } = info;
  const fieldSelector = selectorOf(verb, query);
  // Whoever may read one object may list and watch it by its name.
  const name = info.name ?? fieldSelector?.find(({ field, equal }) => field === 'metadata.name' && equal)?.value;
  return { user, isResource: true, verb, group, version, resource, subresource, namespace, name, ...(fieldSelector ? { fieldSelector } : {}) };
}

function selectorOf(verb: string, query: RawQuery): FieldRequirement[] | undefined {
  if (verb !== 'list' && verb !== 'watch' && verb !== 'deletecollection') return undefined;
  const selector = firstValue(query, 'fieldSelector');
  if (!selector) return undefined;
  try {
    return parseFieldSelector(selector);
  } catch {
    return undefined; // The handler refuses it with its reason.
  }
}
