/** Defaults of ReplicaSets. Follows pkg/apis/apps/v1/defaults.go. */
import type { ReplicaSet, ReplicaSetSpec } from '../../../../api/apps.ts';
import { defaultPodTemplate } from '../../core/pod/template-defaults.ts';

export function defaultReplicaSet(replicaSet: ReplicaSet): void {
  const spec: Partial<ReplicaSetSpec> = replicaSet.spec ??= {} as ReplicaSetSpec;
  spec.replicas ??= 1;
  defaultPodTemplate(spec.template ??= {});
}
