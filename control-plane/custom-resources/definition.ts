/** CustomResourceDefinitions as this room reads them. */
import type { CustomResourceDefinition } from '../../api/apiextensions.ts';
import type { CustomResourceDefinitionCondition, CustomResourceDefinitionNames, CustomResourceDefinitionVersion } from 'kubernetes-types/apiextensions/v1';

export type Definition = CustomResourceDefinition;
export type Version = CustomResourceDefinitionVersion;
export type Condition = CustomResourceDefinitionCondition;
export type Names = CustomResourceDefinitionNames;

export const cleanupFinalizer = 'customresourcecleanup.apiextensions.k8s.io';
export const approvalAnnotation = 'api-approved.kubernetes.io';

export function findCondition(definition: Definition, type: string): Condition | undefined {
  return definition.status?.conditions?.find((condition) => condition.type === type);
}

export function hasCondition(definition: Definition, type: string): boolean {
  return findCondition(definition, type)?.status === 'True';
}

/** The conditions with one set; its time changes with its status only. @param now RFC 3339. */
export function withCondition(conditions: readonly Condition[], wanted: Omit<Condition, 'lastTransitionTime'>, now: string): Condition[] {
  const before = conditions.find(({ type }) => type === wanted.type);
  const lastTransitionTime = before && before.status === wanted.status && before.lastTransitionTime ? before.lastTransitionTime : now;
  const condition = { ...wanted, lastTransitionTime } as Condition;
  return before ? conditions.map((other) => (other === before ? condition : other)) : [...conditions, condition];
}

export function storageVersionOf(definition: Definition): Version | undefined {
  return definition.spec.versions.find(({ storage }) => storage);
}

/** Groups that the Kubernetes community gives out. */
export function isProtectedGroup(group: string): boolean {
  return group === 'k8s.io' || group.endsWith('.k8s.io') || group === 'kubernetes.io' || group.endsWith('.kubernetes.io');
}

export type Approval = 'approved' | 'bypassed' | 'missing' | 'invalid';

/** @returns what the annotation says, with the text that Kubernetes has for it. */
export function approvalOf(annotations: Readonly<Record<string, string>> | undefined): { approval: Approval; reason: string } {
  const value = annotations?.[approvalAnnotation] ?? '';
  const see = 'see https://github.com/kubernetes/enhancements/pull/1111';
  if (value === '') return { approval: 'missing', reason: `protected groups must have approval annotation "${approvalAnnotation}", ${see}` };
  if (URL.canParse(value) && new URL(value).host !== '') return { approval: 'approved', reason: `approved in ${value}` };
  if (value.startsWith('unapproved')) return { approval: 'bypassed', reason: `not approved: ${JSON.stringify(value)}` };
  return { approval: 'invalid', reason: `protected groups must have approval annotation "${approvalAnnotation}" with either a URL or a reason starting with "unapproved", ${see}` };
}
