/** Decides by roles and bindings. Follows plugin/pkg/auth/authorizer/rbac. */
import type { PolicyRule } from '../../api/rbac.ts';
import type { UserInfo } from '../registry/registry.ts';
import type { AuthorizationAttributes, Authorizer, Decision } from './authorizer.ts';
import { ruleAllows } from './policy-rules.ts';
import type { Grant, RbacIndex } from './rbac-index.ts';

export function createRbacAuthorizer(index: RbacIndex): Authorizer {
  return {
    authorize(attributes: AuthorizationAttributes): Decision {
      let allowing: Grant | undefined;
      let missing: string[] | undefined;
      index.visit(attributes.user, attributes.isResource ? attributes.namespace : undefined, (grant) => {
        if (!grant.rules) {
          (missing ??= []).push(describeMissing(grant));
          return false;
        }
        if (!grant.rules.some((rule) => ruleAllows(rule, attributes))) return false;
        allowing = grant;
        return true;
      });
      if (allowing) return { decision: 'allow', reason: describeGrant(allowing) };
      return { decision: 'no opinion', reason: missing ? `RBAC: ${joined(missing)}` : '' };
    },
    rulesFor(user, namespace) {
      const { rules, missing } = rulesFor(index, user, namespace);
      return { rules, incomplete: missing.length > 0, evaluationError: missing.length > 0 ? joined(missing) : '' };
    },
  };
}

/** Every rule that the user has in the namespace, and what could not be found out. */
export function rulesFor(index: RbacIndex, user: UserInfo, namespace: string | undefined): { rules: PolicyRule[]; missing: string[] } {
  const rules: PolicyRule[] = [];
  const missing: string[] = [];
  index.visit(user, namespace, (grant) => {
    if (grant.rules) rules.push(...grant.rules);
    else missing.push(describeMissing(grant));
    return false;
  });
  return { rules, missing };
}

/** As Go joins several errors. */
export function joined(messages: readonly string[]): string {
  return messages.length === 1 ? messages[0]! : `[${[...new Set(messages)].join(', ')}]`;
}

function describeMissing({ binding: { roleRef } }: Grant): string {
  return `${roleRef.kind.toLowerCase()}.rbac.authorization.k8s.io ${JSON.stringify(roleRef.name)} not found`;
}

function describeGrant({ binding, subject }: Grant): string {
  const { namespace, name } = binding.metadata ?? {};
  const described = namespace ? `RoleBinding ${JSON.stringify(`${name}/${namespace}`)}` : `ClusterRoleBinding ${JSON.stringify(name)}`;
  const account = subject.kind === 'User' ? binding.subjects?.find((candidate) => candidate.kind === 'ServiceAccount' && subject.name.endsWith(`:${candidate.name}`)) : undefined;
  const who = account && subject.name.startsWith('system:serviceaccount:')
    ? `ServiceAccount ${JSON.stringify(`${account.name}/${account.namespace}`)}`
    : `${subject.kind} ${JSON.stringify(subject.name)}`;
  return `RBAC: allowed by ${described} of ${binding.roleRef.kind} ${JSON.stringify(binding.roleRef.name)} to ${who}`;
}
