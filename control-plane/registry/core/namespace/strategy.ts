/** Namespaces. Follows pkg/registry/core/namespace. */
import type { Namespace } from '../../../../api/core.ts';
import { namespaces } from '../../../../api/resources.ts';
import { keepField } from '../../keep-field.ts';
import { plainStrategy } from '../../strategy.ts';
import type { Strategy } from '../../strategy.ts';
import { defaultNamespace } from './defaults.ts';
import { validateNamespace, validateNamespaceFinalize, validateNamespaceStatusUpdate, validateNamespaceUpdate } from './validation.ts';

/** Held by the namespace controller until the content is gone. */
export const kubernetesFinalizer = 'kubernetes';

export const namespaceStrategy: Strategy<Namespace> = {
  ...plainStrategy,
  resource: namespaces,
  selectableFields: ['status.phase', 'name'],
  selectField({ metadata, status }, field) {
    if (field === 'name') return metadata?.name ?? '';
    return field === 'status.phase' ? status?.phase ?? '' : '';
  },
  defaults: defaultNamespace,
  canonicalize: defaultNamespace,
  validate: validateNamespace,
  validateUpdate: validateNamespaceUpdate,
  validateStatusUpdate: validateNamespaceStatusUpdate,
  validateFinalize: validateNamespaceFinalize,
  prepareForCreate(namespace) {
    const finalizers = namespace.spec?.finalizers ?? [];
    namespace.spec = { finalizers: finalizers.includes(kubernetesFinalizer) ? finalizers : [...finalizers, kubernetesFinalizer] };
    namespace.status = { phase: 'Active' };
  },
  prepareForUpdate(namespace, old) {
    namespace.spec = { ...namespace.spec, finalizers: old.spec?.finalizers };
    keepField(namespace, old, 'status');
  },
  prepareForStatusUpdate(namespace, old) {
    keepField(namespace, old, 'spec');
  },
  prepareForFinalize(namespace, old) {
    keepField(namespace, old, 'status');
  },
  prepareForDelete(namespace) {
    namespace.status = { ...namespace.status, phase: 'Terminating' };
  },
  isHeld: (namespace) => (namespace.spec?.finalizers?.length ?? 0) > 0,
};
