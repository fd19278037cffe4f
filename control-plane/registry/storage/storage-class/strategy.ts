/** StorageClasses. Follows pkg/registry/storage/storageclass and pkg/apis/storage. */
import { storageClasses } from '../../../../api/resources.ts';
import type { StorageClass } from '../../../../api/storage.ts';
import { deepEqual } from '../../deep-equal.ts';
import { plainStrategy, type Strategy } from '../../strategy.ts';
import { check, duplicate, type FieldError, forbidden, immutable, invalid, notSupported, required, supportedIfSet, tooLong } from '../../validation/field-errors.ts';
import { qualifiedName } from '../../validation/names.ts';

const maxParameters = 512;
const maxParameterBytes = 256 * 1024;
const reclaimPolicies = ['Delete', 'Retain'];
const bindingModes = ['Immediate', 'WaitForFirstConsumer'];

export const storageClassStrategy: Strategy<StorageClass> = {
  ...plainStrategy,
  resource: storageClasses,
  defaults(storageClass) {
    storageClass.reclaimPolicy ??= 'Delete';
    storageClass.volumeBindingMode ??= 'Immediate';
  },
  validate: validateStorageClass,
  validateUpdate: validateStorageClassUpdate,
};

export function validateStorageClass(storageClass: StorageClass): FieldError[] {
  const { provisioner, parameters, reclaimPolicy, volumeBindingMode, allowedTopologies } = storageClass;
  return [
    ...(provisioner ? check('provisioner', provisioner, (text) => qualifiedName(text.toLowerCase())) : [required('provisioner')]),
    ...validateParameters(parameters ?? {}),
    ...(!reclaimPolicy || reclaimPolicies.includes(reclaimPolicy) ? [] : [notSupported('reclaimPolicy', reclaimPolicy, reclaimPolicies)]),
    ...supportedIfSet('volumeBindingMode', volumeBindingMode, bindingModes),
    ...validateTopologies(allowedTopologies ?? [], 'allowedTopologies'),
  ];
}

/** Of VolumeAttributesClasses, too. */
export function validateParameters(parameters: Readonly<Record<string, string>>): FieldError[] {
  const entries = Object.entries(parameters);
  if (entries.length > maxParameters) return [tooLong('parameters', maxParameters)];
  const errors = Object.hasOwn(parameters, '') ? [invalid('parameters', '', 'field can not be empty.')] : [];
  const bytes = entries.reduce((sum, [key, value]) => sum + Buffer.byteLength(key) + Buffer.byteLength(value), 0);
  return bytes > maxParameterBytes ? [...errors, tooLong('parameters', maxParameterBytes)] : errors;
}

type Term = NonNullable<StorageClass['allowedTopologies']>[number];

function validateTopologies(terms: readonly Term[], path: string): FieldError[] {
  // As Kubernetes compares: a term without expressions equals each of the (empty) slots that it reserves.
  const seen = terms.map(() => '{}');
  return terms.flatMap((term, index) => {
    const place = `${path}[${index}]`;
    const shape = shapeOf(term);
    const errors = [...validateTerm(term, place), ...seen.filter((other) => other === shape).map(() => duplicate(`${place}.matchLabelExpressions`, ''))];
    seen.push(shape);
    return errors;
  });
}

/** Equal for terms that mean the same. */
function shapeOf({ matchLabelExpressions = [] }: Term): string {
  const entries = matchLabelExpressions.map(({ key, values }: Partial<Requirement>) => [key ?? '', [...values ?? []].sort()] as const);
  return JSON.stringify(Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1))));
}

type Requirement = NonNullable<Term['matchLabelExpressions']>[number];

function validateTerm({ matchLabelExpressions = [] }: Term, path: string): FieldError[] {
  const keys = new Set<string>();
  return matchLabelExpressions.flatMap(({ key = '', values = [] }: Partial<Requirement>, index) => {
    const place = `${path}.matchLabelExpressions[${index}]`;
    const errors = values.length === 0 ? [required(`${place}.values`)] : [];
    values.forEach((value, at) => {
      if (values.indexOf(value) < at) errors.push(duplicate(`${place}.values[${at}]`, value));
    });
    errors.push(...check(`${place}.key`, key, qualifiedName));
    if (keys.has(key)) errors.push(duplicate(`${place}.key`, key));
    keys.add(key);
    return errors;
  });
}

export function validateStorageClassUpdate(storageClass: StorageClass, old: StorageClass): FieldError[] {
  const errors = validateStorageClass(storageClass);
  if (!deepEqual(storageClass.parameters ?? {}, old.parameters ?? {})) errors.push(forbidden('parameters', 'updates to parameters are forbidden.'));
  if (storageClass.provisioner !== old.provisioner) errors.push(forbidden('provisioner', 'updates to provisioner are forbidden.'));
  if (storageClass.reclaimPolicy !== old.reclaimPolicy) errors.push(forbidden('reclaimPolicy', 'updates to reclaimPolicy are forbidden.'));
  return [...errors, ...immutable('volumeBindingMode', storageClass.volumeBindingMode, storageClass.volumeBindingMode === old.volumeBindingMode)];
}
