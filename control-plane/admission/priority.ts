/** priorityClassName → priority. Follows plugin/pkg/admission/priority. */
import type { Pod } from '../../api/core.ts';
import { pods, priorityClasses } from '../../api/resources.ts';
import type { PriorityClass } from '../../api/scheduling.ts';
import { newAdmissionForbidden } from './admission.ts';
import type { AdmissionAttributes, AdmissionPlugin } from './admission.ts';
import type { AdmissionStore } from './admission-store.ts';

/** The classes that every cluster has, also before it has objects for them. */
export const systemPriorityClasses: ReadonlyMap<string, number> = new Map([
  ['system-cluster-critical', 2_000_000_000],
  ['system-node-critical', 2_000_001_000],
]);

interface Computed {
  name: string;
  value: number;
  preemptionPolicy: string;
}

export function createPriority(store: AdmissionStore): AdmissionPlugin {
  return {
    name: 'Priority',
    admit(attributes) {
      if (attributes.resource !== pods || attributes.subresource) return;
      const pod = attributes.object as Pod | undefined;
      if (!pod?.spec) return;
      if (attributes.operation === 'CREATE') assignPriority(attributes, pod.spec, store);
      else if (attributes.operation === 'UPDATE') keepPriority(pod.spec, (attributes.old as Pod).spec);
    },
    validate(attributes) {
      // In Kubernetes the storage of the kind refuses it.
      if (attributes.resource === priorityClasses && attributes.operation === 'DELETE' && systemPriorityClasses.has(attributes.name)) {
        throw newAdmissionForbidden(attributes, 'this is a system priority class and cannot be deleted');
      }
      if (attributes.resource !== priorityClasses || (attributes.operation !== 'CREATE' && attributes.operation !== 'UPDATE')) return;
      const { metadata, globalDefault } = attributes.object as PriorityClass;
      if (!globalDefault) return;
      const other = store.list(priorityClasses).find((one) => one.globalDefault && one.metadata?.name !== metadata?.name);
      if (other) throw newAdmissionForbidden(attributes, `PriorityClass ${other.metadata?.name} is already marked as default. Only one default can exist`);
    },
  };
}

type Spec = NonNullable<Pod['spec']>;

function assignPriority(attributes: AdmissionAttributes, spec: Spec, store: AdmissionStore): void {
  const computed = spec.priorityClassName ? namedClass(store, spec.priorityClassName) : defaultClass(store);
  if (!computed) throw newAdmissionForbidden(attributes, `no PriorityClass with name ${spec.priorityClassName} was found`);
  if (spec.priority !== undefined && spec.priority !== computed.value) {
    throw newAdmissionForbidden(attributes, `the integer value of priority (${spec.priority}) must not be provided in pod spec; priority admission controller computed ${computed.value} from the given PriorityClass name`);
  }
  if (spec.preemptionPolicy !== undefined && spec.preemptionPolicy !== computed.preemptionPolicy) {
    throw newAdmissionForbidden(attributes, `the string value of PreemptionPolicy (${spec.preemptionPolicy}) must not be provided in pod spec; priority admission controller computed ${computed.preemptionPolicy} from the given PriorityClass name`);
  }
  if (computed.name !== '') spec.priorityClassName = computed.name;
  spec.priority = computed.value;
  spec.preemptionPolicy = computed.preemptionPolicy;
}

function namedClass(store: AdmissionStore, name: string): Computed | undefined {
  const found = store.get(priorityClasses, undefined, name);
  if (found) return computedOf(found);
  const value = systemPriorityClasses.get(name);
  return value === undefined ? undefined : { name, value, preemptionPolicy: 'PreemptLowerPriority' };
}

/** Of several defaults, which only an older server could let in, the least. */
function defaultClass(store: AdmissionStore): Computed {
  const defaults = store.list(priorityClasses).filter(({ globalDefault }) => globalDefault);
  if (defaults.length === 0) return { name: '', value: 0, preemptionPolicy: 'PreemptLowerPriority' };
  return computedOf(defaults.reduce((least, one) => (one.value < least.value ? one : least)));
}

function computedOf({ metadata, value, preemptionPolicy = 'PreemptLowerPriority' }: PriorityClass): Computed {
  return { name: metadata?.name ?? '', value, preemptionPolicy };
}

/** Clients that send back a pod without these fields do not mean to clear them. */
function keepPriority(spec: Spec, old: Spec | undefined): void {
  if (old?.priority !== undefined) spec.priority ??= old.priority;
  if (old?.preemptionPolicy !== undefined) spec.preemptionPolicy ??= old.preemptionPolicy;
}
