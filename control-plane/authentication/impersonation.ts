/** Acting as somebody else by Impersonate-* headers. Follows k8s.io/apiserver/pkg/endpoints/filters/impersonation. */
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { newBadRequest } from '../../api/errors.ts';
import { newAccessForbidden, type Authorizer } from '../authorization/authorizer.ts';
import type { UserInfo } from '../registry/registry.ts';
import { anonymous, authenticatedGroup, unauthenticatedGroup } from './authenticator.ts';
import { serviceAccountGroups, splitServiceAccountName } from './service-account-names.ts';

const prefix = 'impersonate-';
const extraPrefix = 'impersonate-extra-';

export function isImpersonating(headers: IncomingHttpHeaders): boolean {
  for (const name in headers) if (name.startsWith(prefix)) return true;
  return false;
}

/**
 * Each part of the identity (user, uid, every group, every extra value) needs the verb `impersonate` on its own.
 * @throws StatusError Forbidden; BadRequest when the headers name no user.
 */
export function impersonate(authorizer: Authorizer, sender: UserInfo, request: Pick<IncomingMessage, 'rawHeaders'>): UserInfo {
  const wanted = readHeaders(request.rawHeaders);
  if (!wanted.name) throw newBadRequest('requested impersonation without impersonating a user');
  const check = (group: string, resource: string, name: string, place: { namespace?: string; subresource?: string } = {}): void => {
    const attributes = { user: sender, isResource: true, verb: 'impersonate', group, version: group ? 'v1' : '', resource, subresource: '', name, ...place } as const;
    const { decision, reason } = authorizer.authorize(attributes);
    if (decision !== 'allow') throw newAccessForbidden(attributes, reason);
  };
  const account = splitServiceAccountName(wanted.name);
  if (account) check('', 'serviceaccounts', account.name, { namespace: account.namespace });
  else check('', 'users', wanted.name);
  for (const group of wanted.groups) check('', 'groups', group);
  for (const [key, values] of Object.entries(wanted.extra)) for (const value of values) check('authentication.k8s.io', 'userextras', value, { subresource: key });
  if (wanted.uid) check('authentication.k8s.io', 'uids', wanted.uid);
  const groups = wanted.groups.length === 0 && account ? serviceAccountGroups(account.namespace) : wanted.groups;
  return {
    name: wanted.name, groups: withStanding(wanted.name, groups),
    ...(wanted.uid ? { uid: wanted.uid } : {}), ...(Object.keys(wanted.extra).length > 0 ? { extra: wanted.extra } : {}),
  };
}

/** Everyone is either authenticated or not, unless the headers already say. */
function withStanding(name: string, groups: readonly string[]): readonly string[] {
  if (name === anonymous.name) return groups.includes(unauthenticatedGroup) ? groups : [...groups, unauthenticatedGroup];
  return groups.includes(authenticatedGroup) || groups.includes(unauthenticatedGroup) ? groups : [...groups, authenticatedGroup];
}

interface Wanted {
  name: string;
  uid: string;
  groups: string[];
  extra: Record<string, string[]>;
}

/** From the raw headers: Node joins repeated ones, and a group may hold a comma. */
function readHeaders(raw: readonly string[]): Wanted {
  const wanted: Wanted = { name: '', uid: '', groups: [], extra: Object.create(null) as Record<string, string[]> };
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = raw[index]!.toLowerCase();
    const value = raw[index + 1]!;
    if (name === 'impersonate-user') wanted.name ||= value;
    else if (name === 'impersonate-uid') wanted.uid ||= value;
    else if (name === 'impersonate-group') wanted.groups.push(value);
    else if (name.startsWith(extraPrefix)) (wanted.extra[decodeKey(name.slice(extraPrefix.length))] ??= []).push(value);
  }
  return wanted;
}

function decodeKey(key: string): string {
  try {
    return decodeURIComponent(key);
  } catch {
    return key; // As it was sent, like Kubernetes.
  }
}
