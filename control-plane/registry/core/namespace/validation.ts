/** Validation of Namespaces, beyond metadata. Follows pkg/apis/core/validation. */
import type { Namespace } from '../../../../api/core.ts';
import { invalid, type FieldError } from '../../validation/field-errors.ts';
import { validateFinalizerName } from '../../validation/object-meta.ts';

export function validateNamespace(namespace: Namespace): FieldError[] {
  return (namespace.spec?.finalizers ?? []).flatMap((name) => validateFinalizerName(name, 'spec.finalizers'));
}

/** Only here they are counted. */
export function validateNamespaceFinalize(namespace: Namespace, _old: Namespace): FieldError[] {
  return (namespace.spec?.finalizers ?? []).flatMap((name, index) => validateFinalizerName(name, `spec.finalizers[${index}]`));
}

export function validateNamespaceUpdate(namespace: Namespace, _old: Namespace): FieldError[] {
  return validateNamespace(namespace);
}

export function validateNamespaceStatusUpdate(namespace: Namespace, _old: Namespace): FieldError[] {
  const phase = namespace.status?.phase ?? '';
  if (!namespace.metadata?.deletionTimestamp) {
    return phase === 'Active' ? [] : [invalid('status.Phase', phase, "may only be 'Active' if `deletionTimestamp` is empty")];
  }
  return phase === 'Terminating' ? [] : [invalid('status.Phase', phase, "may only be 'Terminating' if `deletionTimestamp` is not empty")];
}
