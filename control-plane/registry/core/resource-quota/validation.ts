/** Validation of ResourceQuotas, beyond metadata. Follows pkg/apis/core/validation. */
import type { ResourceQuota } from '../../../../api/core.ts';
import { invalid, required, type FieldError } from '../../validation/field-errors.ts';
import { isStandardQuotaResource, validateQuotaResourceName, validateResourceAmount } from '../../validation/resource-names.ts';

type Spec = NonNullable<ResourceQuota['spec']>;
type Requirement = NonNullable<NonNullable<Spec['scopeSelector']>['matchExpressions']>[number];

const podScopes = ['Terminating', 'NotTerminating', 'NotBestEffort', 'PriorityClass', 'CrossNamespacePodAffinity'];
const podAmounts = new Set(['pods', 'cpu', 'memory', 'limits.cpu', 'limits.memory', 'requests.cpu', 'requests.memory']);
const claimAmounts = new Set(['persistentvolumeclaims', 'requests.storage']);
const standardScopes = new Set([...podScopes, 'BestEffort', 'VolumeAttributesClass']);
const existenceScopes = new Set(['BestEffort', 'NotBestEffort', 'Terminating', 'NotTerminating', 'CrossNamespacePodAffinity']);
const conflicts = [['BestEffort', 'NotBestEffort'], ['NotTerminating', 'Terminating']] as const;

export function validateResourceQuota({ spec = {} }: ResourceQuota): FieldError[] {
  return [...validateAmounts(spec.hard, 'spec.hard'), ...validateScopes(spec), ...validateScopeSelector(spec)];
}

function validateAmounts(amounts: Readonly<Record<string, string>> | undefined, path: string): FieldError[] {
  return Object.entries(amounts ?? {}).flatMap(([name, amount]) => [
    ...validateQuotaResourceName(name, `${path}[${name}]`),
    ...validateResourceAmount(name, amount, `${path}[${name}]`),
  ]);
}

/** Whether what the scope counts has such an amount. */
function fits(scope: string, name: string): boolean {
  if (!isStandardQuotaResource(name)) return true;
  if (podScopes.includes(scope)) return podAmounts.has(name);
  if (scope === 'BestEffort') return name === 'pods';
  return scope !== 'VolumeAttributesClass' || claimAmounts.has(name);
}

function validateScopes({ scopes = [], hard }: Spec): FieldError[] {
  const path = 'spec.scopes';
  return [
    ...scopes.flatMap((scope) => [
      ...(standardScopes.has(scope) ? [] : [invalid(path, scopes, 'unsupported scope')]),
      ...unfit(scope, hard).map(() => invalid(path, scopes, 'unsupported scope applied to resource')),
    ]),
    ...validateConflicts(scopes, path, scopes),
  ];
}

function unfit(scope: string, hard: Spec['hard']): string[] {
  return Object.keys(hard ?? {}).sort().filter((name) => !fits(scope, name));
}

function validateConflicts(scopes: readonly string[], path: string, shown: unknown): FieldError[] {
  return conflicts.filter((pair) => pair.every((scope) => scopes.includes(scope))).map(() => invalid(path, shown, 'conflicting scopes'));
}

function validateScopeSelector({ scopeSelector, scopes, hard }: Spec): FieldError[] {
  if (!scopeSelector) return [];
  const path = 'spec.scopeSelector.matchExpressions';
  const requirements: readonly Partial<Requirement>[] = scopeSelector.matchExpressions ?? [];
  return [
    ...requirements.flatMap((requirement) => [
      ...(standardScopes.has(requirement.scopeName ?? '') ? [] : [invalid(`${path}.scopeName`, requirement.scopeName ?? '', 'unsupported scope')]),
      ...unfit(requirement.scopeName ?? '', hard).map(() => invalid(path, scopeSelector, 'unsupported scope applied to resource')),
      ...validateRequirement(requirement, path),
    ]),
    ...validateConflicts(requirements.map(({ scopeName }) => scopeName ?? ''), path, scopes),
  ];
}

function validateRequirement({ scopeName = '', operator = '', values = [] }: Partial<Requirement>, path: string): FieldError[] {
  const errors = existenceScopes.has(scopeName) && operator !== 'Exists'
    ? [invalid(`${path}.operator`, operator, "must be 'Exist' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity")] : [];
  switch (operator) {
    case 'In': case 'NotIn':
      if (values.length === 0) errors.push(required(`${path}.values`, "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector"));
      return errors;
    case 'Exists': case 'DoesNotExist':
      if (values.length > 0) errors.push(invalid(`${path}.values`, values, "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector"));
      return errors;
    default:
      return [...errors, invalid(`${path}.operator`, operator, 'not a valid selector operator')];
  }
}

export function validateResourceQuotaUpdate(quota: ResourceQuota, old: ResourceQuota): FieldError[] {
  const scopes = quota.spec?.scopes ?? [];
  const before = new Set(old.spec?.scopes);
  const same = new Set(scopes).size === before.size && scopes.every((scope) => before.has(scope));
  return [...validateResourceQuota(quota), ...(same ? [] : [invalid('spec.scopes', quota.spec?.scopes, 'field is immutable')])];
}

export function validateResourceQuotaStatusUpdate({ status }: ResourceQuota, _old: ResourceQuota): FieldError[] {
  return [...validateAmounts(status?.hard, 'status.hard'), ...validateAmounts(status?.used, 'status.used')];
}
