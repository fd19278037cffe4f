/**
 * What the expressions of a policy do wrong with the kinds that it is about: a help for its author, nothing is refused for
 * it. Follows k8s.io/apiserver/pkg/admission/plugin/policy/validating: TypeChecker.
 */
import type { ValidatingAdmissionPolicy } from '../../../api/admissionregistration.ts';
import type { Resource } from '../../../api/resources.ts';
import { dyn } from '../../cel/types.ts';
import type { ResourceCatalog } from '../../registry/resource-catalog.ts';
import type { Rule } from '../match/match-rules.ts';
import { compilePolicy } from './compiled-policy.ts';
import type { CompileExpression } from './compile-expression.ts';
import { objectTypeOf } from './object-types.ts';

export interface ExpressionWarning {
  /** `spec.validations[0].expression` */
  fieldRef: string;
  warning: string;
}

const maxKinds = 10;

export function checkPolicyTypes(policy: ValidatingAdmissionPolicy, catalog: ResourceCatalog, compile: CompileExpression): ExpressionWarning[] {
  const { paramKind } = policy.spec ?? {};
  const paramResource = paramKind && catalog.findKind(paramKind.apiVersion ?? '', paramKind.kind ?? '');
  const params = (paramResource && objectTypeOf(paramResource)) ?? dyn;
  const found = new Map<string, string>();
  for (const resource of kindsOf(policy, catalog)) {
    const object = objectTypeOf(resource);
    if (!object) continue;
    const { validations } = compilePolicy(policy, compile, { object, params });
    for (const [index, { expression, messageExpression }] of validations.entries()) {
      for (const [name, one] of [['expression', expression], ['messageExpression', messageExpression]] as const) {
        if (!one || !('error' in one)) continue;
        const place = `spec.validations[${index}].${name}`;
        found.set(place, `${found.get(place) ?? ''}${nameOf(resource)}: ${one.error}\n`);
      }
    }
  }
  return [...found].map(([fieldRef, warning]) => ({ fieldRef, warning }));
}

/** Rules with a `*` could be about anything, so they are about nothing here. */
function kindsOf({ spec }: ValidatingAdmissionPolicy, catalog: ResourceCatalog): readonly Resource[] {
  const kinds = new Set<Resource>();
  for (const { apiGroups = [], apiVersions = [], resources = [] } of (spec?.matchConstraints?.resourceRules ?? []) as readonly Rule[]) {
    for (const group of apiGroups) for (const version of apiVersions) for (const plural of resources) {
      const resource = catalog.find(group, version, plural);
      if (resource && !resource.virtual) kinds.add(resource);
    }
  }
  return [...kinds].sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1)).slice(0, maxKinds);
}

function nameOf({ group, version, kind }: Resource): string {
  return `${group}/${version}, Kind=${kind}`;
}
