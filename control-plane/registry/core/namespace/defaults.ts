/** Defaults of Namespaces. Follows pkg/apis/core/v1/defaults.go. */
import type { Namespace } from '../../../../api/core.ts';

/** Selectors of other objects find a namespace by this label. */
export const namespaceNameLabel = 'kubernetes.io/metadata.name';

export function defaultNamespace(namespace: Namespace): void {
  const metadata = namespace.metadata ?? {};
  if (metadata.name) namespace.metadata = { ...metadata, labels: { ...metadata.labels, [namespaceNameLabel]: metadata.name } };
  if (!namespace.status?.phase) namespace.status = { ...namespace.status, phase: 'Active' };
}
