/** Who may do what: administrators everything, everyone health and version, every user discovery. */
import { newForbidden, newUnauthorized, StatusError } from '../../api/errors.ts';
import type { UserInfo } from '../registry/registry.ts';
import { anonymous } from './authentication.ts';
import type { RequestInfo } from './request-info.ts';

const publicPaths = /^\/(version|livez|readyz|healthz)(\/.*)?$/;
/** The rules of Kubernetes' ClusterRole system:discovery. */
const discoveryPaths = /^\/(api|apis|openapi)(\/.*)?$/;

/** @throws StatusError Unauthorized for a stranger, Forbidden for a user. */
export function authorize(user: UserInfo, info: RequestInfo): void {
  if (user.groups.includes('system:masters')) return;
  const reading = info.verb === 'get' || info.verb === 'head';
  if (!info.isResource && reading && publicPaths.test(info.path)) return;
  if (user === anonymous) throw newUnauthorized();
  if (!info.isResource) {
    if (reading && discoveryPaths.test(info.path)) return;
    throw forbiddenPath(user, info.verb, info.path);
  }
  const resource = info.subresource ? `${info.resource}/${info.subresource}` : info.resource;
  const where = info.namespace === undefined ? 'at the cluster scope' : `in the namespace "${info.namespace}"`;
  throw newForbidden({ group: info.group, plural: info.resource }, info.name ?? '',
    `User "${user.name}" cannot ${info.verb} resource "${resource}" in API group "${info.group}" ${where}`);
}

function forbiddenPath(user: UserInfo, verb: string, path: string): StatusError {
  return new StatusError({
    kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', reason: 'Forbidden', code: 403, details: {},
    message: `forbidden: User "${user.name}" cannot ${verb} path "${path}"`,
  });
}
