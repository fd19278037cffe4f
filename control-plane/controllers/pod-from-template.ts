/** The pod that a workload's template describes. Follows k8s.io/kubernetes/pkg/controller GetPodFromTemplate. */
import type { Pod, PodTemplateSpec } from '../../api/core.ts';
import type { KubernetesObject, OwnerReference } from '../../api/meta.ts';
import { apiVersionOf } from '../../api/resources.ts';
import type { Resource } from '../../api/resources.ts';

/** The reference by which `owner` controls an object; deletion of the owner waits for it in the foreground. */
export function newControllerReference(resource: Resource, owner: KubernetesObject): OwnerReference {
  return {
    apiVersion: apiVersionOf(resource),
    kind: resource.kind,
    name: owner.metadata?.name ?? '',
    uid: owner.metadata?.uid ?? '',
    controller: true,
    blockOwnerDeletion: true,
  };
}

export function podFromTemplate(template: PodTemplateSpec, parent: KubernetesObject, controller: OwnerReference): Pod {
  const { labels, annotations, finalizers } = template.metadata ?? {};
  return structuredClone<Pod>({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      generateName: podNamePrefix(parent.metadata?.name ?? ''),
      ...(parent.metadata?.namespace ? { namespace: parent.metadata.namespace } : {}),
      ...(labels ? { labels } : {}),
      ...(annotations ? { annotations } : {}),
      ...(finalizers ? { finalizers } : {}),
      ownerReferences: [controller],
    },
    ...(template.spec ? { spec: template.spec } : {}),
  });
}

/** With a dash where that still leaves a valid name (dots and dashes may not meet, 253 characters). */
function podNamePrefix(name: string): string {
  return name.length < 248 ? `${name}-` : name;
}
