/** Who may do what. Counterpart of k8s.io/apiserver/pkg/authorization/authorizer. */
import { newForbidden, StatusError } from '../../api/errors.ts';
import type { FieldRequirement } from '../../api/fields.ts';
import type { PolicyRule } from '../../api/rbac.ts';
import type { UserInfo } from '../registry/registry.ts';

export interface ResourceAttributes {
  readonly user: UserInfo;
  readonly isResource: true;
  /** `get`, `list`, ... and the verbs that only authorization knows: `bind`, `escalate`, `impersonate`, `approve`, `sign`. */
  readonly verb: string;
  /** '' for the core group. */
  readonly group: string;
  readonly version: string;
  /** Plural. */
  readonly resource: string;
  /** '' for the object itself. */
  readonly subresource: string;
  readonly namespace?: string | undefined;
  readonly name?: string | undefined;
  /** Of a list, watch or deletecollection: whoever may do it with any selector need not look. */
  readonly fieldSelector?: readonly FieldRequirement[] | undefined;
}

export interface PathAttributes {
  readonly user: UserInfo;
  readonly isResource: false;
  /** Lower-cased HTTP method. */
  readonly verb: string;
  readonly path: string;
}

export type AuthorizationAttributes = ResourceAttributes | PathAttributes;

export interface Decision {
  /** `no opinion` ends as a refusal where no authorizer allows. */
  readonly decision: 'allow' | 'deny' | 'no opinion';
  /** For people; may be empty. */
  readonly reason: string;
}

/** Decides from what is in memory, so it need not be waited for: every request passes here. */
export interface Authorizer {
  authorize(attributes: AuthorizationAttributes): Decision;
  /** Everything that a user may do in a namespace, as far as it can be listed. Absent: it cannot. */
  rulesFor?(user: UserInfo, namespace: string): UserRules;
}

export interface UserRules {
  rules: PolicyRule[];
  /** The user may have more. */
  incomplete: boolean;
  /** What went wrong, '' for nothing. */
  evaluationError: string;
}

export const mastersGroup = 'system:masters';
const allowedToMasters: Decision = { decision: 'allow', reason: '' };

/** Members of system:masters may do everything, whatever the roles say: nobody can lock the owner out. */
export function isMaster(user: UserInfo): boolean {
  return user.groups.includes(mastersGroup);
}

/** Allowed when one allows before one denies. The reasons of those without an opinion are kept. */
export function uniteAuthorizers(authorizers: readonly Authorizer[]): Authorizer {
  return {
    authorize(attributes) {
      if (isMaster(attributes.user)) return allowedToMasters;
      const reasons: string[] = [];
      for (const authorizer of authorizers) {
        const decision = authorizer.authorize(attributes);
        if (decision.decision !== 'no opinion') return decision;
        if (decision.reason) reasons.push(decision.reason);
      }
      return { decision: 'no opinion', reason: reasons.join('\n') };
    },
    rulesFor(user, namespace) {
      const parts = authorizers.flatMap((authorizer) => authorizer.rulesFor?.(user, namespace) ?? []);
      return {
        rules: parts.flatMap(({ rules }) => rules), incomplete: parts.some(({ incomplete }) => incomplete),
        evaluationError: parts.map(({ evaluationError }) => evaluationError).filter((error) => error !== '').join('; '),
      };
    },
  };
}

/** The refusal in the words of kube-apiserver. */
export function newAccessForbidden(attributes: AuthorizationAttributes, reason: string): StatusError {
  const message = reason ? `${describeAccess(attributes)}: ${reason}` : describeAccess(attributes);
  if (attributes.isResource) return newForbidden({ group: attributes.group, plural: attributes.resource }, attributes.name ?? '', message);
  return new StatusError({
    kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', reason: 'Forbidden', code: 403, details: {}, message: `forbidden: ${message}`,
  });
}

function describeAccess(attributes: AuthorizationAttributes): string {
  const { user, verb } = attributes;
  if (!attributes.isResource) return `User ${JSON.stringify(user.name)} cannot ${verb} path ${JSON.stringify(attributes.path)}`;
  const resource = attributes.subresource ? `${attributes.resource}/${attributes.subresource}` : attributes.resource;
  const where = attributes.namespace ? `in the namespace ${JSON.stringify(attributes.namespace)}` : 'at the cluster scope';
  return `User ${JSON.stringify(user.name)} cannot ${verb} resource ${JSON.stringify(resource)} in API group ${JSON.stringify(attributes.group)} ${where}`;
}
