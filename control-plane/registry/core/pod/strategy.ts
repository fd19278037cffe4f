/** Pods. Follows pkg/registry/core/pod/strategy. */
import type { Pod } from '../../../../api/core.ts';
import type { DeleteOptions } from '../../../../api/meta.ts';
import { pods } from '../../../../api/resources.ts';
import { deepEqual } from '../../deep-equal.ts';
import { keepField } from '../../keep-field.ts';
import { plainStrategy } from '../../strategy.ts';
import type { Strategy } from '../../strategy.ts';
import type { Writable } from '../../writable.ts';
import { defaultPod } from './defaults.ts';
import { ephemeralContainersUpdate } from './ephemeral-containers.ts';
import { qualityOfService } from './quality-of-service.ts';
import { resizeUpdate } from './resize.ts';
import { validatePodStatusUpdate } from './validate-status.ts';
import { validatePod, validatePodUpdate } from './validation.ts';
import { podWarnings } from './warnings.ts';

export const podStrategy: Strategy<Pod> = {
  ...plainStrategy,
  resource: pods,
  returnsDeletedObject: true,
  selectableFields: [
    'spec.nodeName', 'spec.restartPolicy', 'spec.schedulerName', 'spec.serviceAccountName', 'spec.hostNetwork',
    'status.phase', 'status.podIP', 'status.nominatedNodeName',
  ],
  selectField,
  defaults: defaultPod,
  validate: validatePod,
  validateUpdate: validatePodUpdate,
  validateStatusUpdate: validatePodStatusUpdate,
  warnings: podWarnings,
  prepareForCreate(pod: Writable<Pod>) {
    pod.status = { phase: 'Pending', qosClass: qualityOfService(pod) };
  },
  prepareForUpdate(pod: Writable<Pod>, old) {
    keepField(pod, old, 'status');
  },
  prepareForStatusUpdate(pod: Writable<Pod>, old) {
    keepField(pod, old, 'spec');
    for (const field of ['ownerReferences', 'deletionTimestamp', 'deletionGracePeriodSeconds'] as const) {
      keepField(pod.metadata!, old.metadata, field);
    }
    // The class follows from the spec, which a running pod keeps.
    if (old.status?.qosClass) pod.status = { ...pod.status, qosClass: old.status.qosClass };
  },
  subresourceUpdates: { ephemeralcontainers: ephemeralContainersUpdate, resize: resizeUpdate },
  generationChanged: (pod, old) => !deepEqual(pod.spec, old.spec),
  gracePeriodSeconds,
};

function selectField({ spec, status }: Pod, field: string): string {
  switch (field) {
    case 'spec.nodeName': return spec?.nodeName ?? '';
    case 'spec.restartPolicy': return spec?.restartPolicy ?? '';
    case 'spec.schedulerName': return spec?.schedulerName ?? '';
    case 'spec.serviceAccountName': return spec?.serviceAccountName ?? '';
    case 'spec.hostNetwork': return String(spec?.hostNetwork ?? false);
    case 'status.phase': return status?.phase ?? '';
    case 'status.podIP': return status?.podIP ?? '';
    case 'status.nominatedNodeName': return status?.nominatedNodeName ?? '';
    default: return '';
  }
}

/** A pod that no board runs, or runs no more, needs no grace. */
function gracePeriodSeconds(pod: Pod, options: DeleteOptions): number {
  const finished = pod.status?.phase === 'Failed' || pod.status?.phase === 'Succeeded';
  if (!pod.spec?.nodeName || finished) return 0;
  return options.gracePeriodSeconds ?? pod.spec.terminationGracePeriodSeconds ?? 0;
}
