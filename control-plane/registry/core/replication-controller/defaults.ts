/** Defaults of ReplicationControllers. Follows pkg/apis/core/v1/defaults.go. */
import type { ReplicationController } from '../../../../api/core.ts';
import { defaultPodTemplate } from '../pod/template-defaults.ts';

type Spec = NonNullable<ReplicationController['spec']>;

export function defaultReplicationController(controller: ReplicationController): void {
  const spec: Spec = controller.spec ??= {};
  const labels = spec.template?.metadata?.labels;
  if (labels) {
    // Who says which pods there are to be says which ones to look for.
    if (Object.keys(spec.selector ?? {}).length === 0) spec.selector = { ...labels };
    if (Object.keys(controller.metadata?.labels ?? {}).length === 0) controller.metadata = { ...controller.metadata, labels: { ...labels } };
  }
  spec.replicas ??= 1;
  if (spec.template) defaultPodTemplate(spec.template);
}
