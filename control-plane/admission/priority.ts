/** priorityClassName → priority. Follows plugin/pkg/admission/priority with the two classes that every cluster has. */
import type { Pod } from '../../api/core.ts';
import { pods } from '../../api/resources.ts';
import { newAdmissionForbidden } from './admission.ts';
import type { AdmissionAttributes, AdmissionPlugin } from './admission.ts';

const classes: ReadonlyMap<string, number> = new Map([
  ['system-cluster-critical', 2_000_000_000],
  ['system-node-critical', 2_000_001_000],
]);
const defaultPriority = 0;

export function createPriority(): AdmissionPlugin {
  return {
    name: 'Priority',
    admit(attributes) {
      if (attributes.resource.plural !== pods.plural || attributes.subresource || attributes.operation === 'DELETE') return;
      const pod = attributes.object as Pod;
      if (!pod.spec) return;
      if (attributes.operation === 'CREATE') assignPriority(attributes, pod.spec);
      else keepPriority(pod.spec, (attributes.old as Pod).spec);
    },
  };
}

type Spec = NonNullable<Pod['spec']>;

function assignPriority(attributes: AdmissionAttributes, spec: Spec): void {
  const priority = spec.priorityClassName ? classes.get(spec.priorityClassName) : defaultPriority;
  if (priority === undefined) throw newAdmissionForbidden(attributes, `no PriorityClass with name ${spec.priorityClassName} was found`);
  if (spec.priority !== undefined && spec.priority !== priority) {
    throw newAdmissionForbidden(attributes, `the integer value of priority (${spec.priority}) must not be provided in pod spec; priority admission controller computed ${priority} from the given PriorityClass name`);
  }
  spec.priority = priority;
  spec.preemptionPolicy ??= 'PreemptLowerPriority';
}

/** Clients that send back a pod without these fields do not mean to clear them. */
function keepPriority(spec: Spec, old: Spec | undefined): void {
  if (old?.priority !== undefined) spec.priority ??= old.priority;
  if (old?.preemptionPolicy !== undefined) spec.preemptionPolicy ??= old.preemptionPolicy;
}
