/** Defaults of ReplicaSets. Follows pkg/apis/apps/v1/defaults.go. */
import type { ReplicaSet } from '../../../../api/apps.ts';
import { defaultPodTemplate } from '../../core/pod/template-defaults.ts';

export function defaultReplicaSet(replicaSet: ReplicaSet): void {
  const spec = replicaSet.spec;
  if (!spec) return;
  spec.replicas ??= 1;
  defaultPodTemplate(spec.template);
}
