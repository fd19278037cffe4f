/** Nothing is created in a namespace that is missing or going away. Follows plugin/namespace/lifecycle. */
import type { Namespace } from '../../api/core.ts';
import { newNotFound, StatusError } from '../../api/errors.ts';
import { localSubjectAccessReviews, namespaces } from '../../api/resources.ts';
import { newAdmissionForbidden } from './admission.ts';
import type { AdmissionAttributes, AdmissionPlugin } from './admission.ts';

/** Namespaces that the cluster itself lives in. */
export const immortalNamespaces: readonly string[] = ['default', 'kube-system', 'kube-public', 'kube-node-lease'];

export function createNamespaceLifecycle(options: {
  getNamespace: (name: string) => Namespace | undefined;
  /** Its deletion is accepted but getNamespace does not show it yet. */
  isClosing: (name: string) => boolean;
}): AdmissionPlugin {
  const check = (attributes: AdmissionAttributes): void => {
    const { operation, resource, namespace } = attributes;
    if (operation === 'DELETE' && resource.plural === namespaces.plural && immortalNamespaces.includes(attributes.name)) {
      throw newAdmissionForbidden(attributes, 'this namespace may not be deleted');
    }
    // Answers to access reviews would tell which namespaces there are.
    if (operation !== 'CREATE' || !resource.namespaced || namespace === undefined || resource === localSubjectAccessReviews) return;
    const found = options.getNamespace(namespace);
    if (!found) throw newNotFound(namespaces, namespace);
    const ending = found.status?.phase === 'Terminating' || found.metadata?.deletionTimestamp !== undefined;
    if (ending || options.isClosing(namespace)) throw terminating(attributes, namespace);
  };
  // Twice: early, to answer before other plugins do, and at the last moment, because the namespace may have gone meanwhile.
  return { name: 'NamespaceLifecycle', admit: check, validate: check };
}

function terminating(attributes: AdmissionAttributes, namespace: string): StatusError {
  const { status } = newAdmissionForbidden(attributes, `unable to create new content in namespace ${namespace} because it is being terminated`);
  const cause = { reason: 'NamespaceTerminating', message: `namespace ${namespace} is being terminated`, field: 'metadata.namespace' };
  return new StatusError({ ...status, details: { ...status.details, causes: [cause] } });
}
