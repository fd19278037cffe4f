/** Validation of StatefulSets, beyond metadata. Follows pkg/apis/apps/validation. */
import type { StatefulSet, StatefulSetSpec } from '../../../../api/apps.ts';
import type { PodTemplateSpec } from '../../../../api/core.ts';
import { deepEqual } from '../../deep-equal.ts';
import { validateClaimSpec } from '../../core/persistent-volume-claim/validation.ts';
import { isUsable, validateAlwaysRestarting, validateMatch, validateOwnSelector, validatePodTemplate } from '../../core/pod/validate-template.ts';
import { check, forbidden, invalid, notNegative, notSupported, required, type FieldError } from '../../validation/field-errors.ts';
import { atMostHundredPercent, intOrPercentNumber, positiveIntOrPercent } from '../../validation/int-or-percent.ts';
import { isEmptySelector } from '../../validation/label-selector.ts';
import { dnsLabel } from '../../validation/names.ts';
import { notDecremented, notNegativeCounts } from '../deployment/status-counts.ts';

type Spec = Partial<StatefulSetSpec>;

const mutableFields = ['replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy', 'minReadySeconds'] as const;
const immutableMessage = `updates to statefulset spec for fields other than ${mutableFields.slice(0, -1).map((field) => `'${field}'`).join(', ')} and '${mutableFields.at(-1)}' are forbidden`;

export function validateStatefulSet(statefulSet: StatefulSet): FieldError[] {
  return validateSpec(statefulSet.spec ?? {}, {});
}

/** @param old what was accepted once is not looked at again: names of Services and templates were free for long. */
function validateSpec(spec: Spec, old: Spec): FieldError[] {
  const { serviceName, volumeClaimTemplates } = spec;
  return [
    ...validatePodManagement(spec),
    ...validateUpdateStrategy(spec.updateStrategy ?? {}),
    ...validateRetention(spec.persistentVolumeClaimRetentionPolicy),
    ...notNegative('spec.replicas', spec.replicas),
    ...notNegative('spec.minReadySeconds', spec.minReadySeconds),
    ...notNegative('spec.ordinals.start', spec.ordinals?.start),
    ...validateOwnSelector(spec.selector, 'statefulset'),
    ...validateTemplate(spec),
    ...(serviceName && serviceName !== old.serviceName ? check('spec.serviceName', serviceName, dnsLabel) : []),
    ...(deepEqual(volumeClaimTemplates, old.volumeClaimTemplates) ? [] : (volumeClaimTemplates ?? []).flatMap((claim, index) => validateClaimSpec(claim.spec ?? {}, `spec.volumeClaimTemplates[${index}].spec`))),
  ];
}

function validatePodManagement({ podManagementPolicy: policy }: Spec): FieldError[] {
  if (!policy) return [required('spec.podManagementPolicy')];
  return policy === 'OrderedReady' || policy === 'Parallel' ? [] : [invalid('spec.podManagementPolicy', policy, "must be 'OrderedReady' or 'Parallel'")];
}

type UpdateStrategy = NonNullable<StatefulSetSpec['updateStrategy']>;

function validateUpdateStrategy(strategy: UpdateStrategy): FieldError[] {
  const { type, rollingUpdate } = strategy;
  const path = 'spec.updateStrategy';
  switch (type) {
    case undefined: case '': return [required(path)];
    case 'OnDelete': return rollingUpdate ? [invalid(`${path}.rollingUpdate`, rollingUpdate, "only allowed for updateStrategy 'RollingUpdate'")] : [];
    case 'RollingUpdate': return rollingUpdate ? validateRollingUpdate(rollingUpdate, `${path}.rollingUpdate`) : [];
    default: return [invalid(path, { Type: type, RollingUpdate: rollingUpdate ?? null }, "must be 'RollingUpdate' or 'OnDelete'")];
  }
}

function validateRollingUpdate({ partition, maxUnavailable }: NonNullable<UpdateStrategy['rollingUpdate']>, path: string): FieldError[] {
  const errors = notNegative(`${path}.partition`, partition);
  if (maxUnavailable === undefined) return errors;
  const field = `${path}.maxUnavailable`;
  return [
    ...errors,
    ...positiveIntOrPercent(field, maxUnavailable),
    ...(intOrPercentNumber(maxUnavailable) === 0 ? [invalid(field, maxUnavailable, 'cannot be 0')] : []),
    ...atMostHundredPercent(field, maxUnavailable),
  ];
}

function validateRetention(policy: StatefulSetSpec['persistentVolumeClaimRetentionPolicy']): FieldError[] {
  if (!policy) return [];
  return (['whenDeleted', 'whenScaled'] as const).flatMap((field) => {
    const value = policy[field] ?? '';
    return value === 'Retain' || value === 'Delete' ? [] : [notSupported(`spec.persistentVolumeClaimRetentionPolicy.${field}`, value, ['Retain', 'Delete'])];
  });
}

function validateTemplate({ selector, template = {}, volumeClaimTemplates }: Spec): FieldError[] {
  const errors = validateAlwaysRestarting(template, 'spec.template', 'StatefulSet');
  if (!isUsable(selector)) return [invalid('spec.selector', selector, ''), ...errors];
  return [
    // An empty selector has an error of its own.
    ...(selector && isEmptySelector(selector) ? [] : validateMatch(template, selector, 'spec.template')),
    ...validatePodTemplate(withClaims(template, volumeClaimTemplates ?? []), 'spec.template'),
    ...errors,
  ];
}

/** The volumes that the claims will be, so that containers may mount them. */
function withClaims(template: PodTemplateSpec, claims: NonNullable<StatefulSetSpec['volumeClaimTemplates']>): PodTemplateSpec {
  if (claims.length === 0 || !template.spec) return template;
  const own = template.spec.volumes ?? [];
  const names = claims.map(({ metadata }) => metadata?.name ?? '').filter((name) => name !== '' && !own.some((volume) => volume.name === name));
  const volumes = [...own, ...names.map((name) => ({ name, persistentVolumeClaim: { claimName: name } }))];
  return { ...template, spec: { ...template.spec, volumes } };
}

export function validateStatefulSetUpdate(statefulSet: StatefulSet, old: StatefulSet): FieldError[] {
  const errors = validateSpec(statefulSet.spec ?? {}, old.spec ?? {});
  return deepEqual(fixed(statefulSet.spec ?? {}), fixed(old.spec ?? {})) ? errors : [...errors, forbidden('spec', immutableMessage)];
}

/** The fields that stay as they are; an empty one is none. */
function fixed(spec: Spec): Spec {
  const rest = Object.fromEntries(Object.entries(spec).filter(([field]) => !(mutableFields as readonly string[]).includes(field)));
  return { ...rest, serviceName: spec.serviceName ?? '', volumeClaimTemplates: (spec.volumeClaimTemplates ?? []).map(({ status: _, ...claim }) => claim) };
}

export function validateStatefulSetStatusUpdate(statefulSet: StatefulSet, old: StatefulSet): FieldError[] {
  const { replicas = 0, readyReplicas = 0, currentReplicas = 0, updatedReplicas = 0, availableReplicas = 0, observedGeneration, collisionCount } = statefulSet.status ?? {};
  const errors = notNegativeCounts({ replicas, readyReplicas, currentReplicas, updatedReplicas, availableReplicas, observedGeneration, collisionCount });
  for (const [field, count] of Object.entries({ readyReplicas, currentReplicas, updatedReplicas, availableReplicas })) {
    if (count > replicas) errors.push(invalid(`status.${field}`, count, 'cannot be greater than status.replicas'));
  }
  if (availableReplicas > readyReplicas) errors.push(invalid('status.availableReplicas', availableReplicas, 'cannot be greater than status.readyReplicas'));
  return [...errors, ...notDecremented('status.collisionCount', collisionCount, old.status?.collisionCount)];
}
