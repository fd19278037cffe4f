/** What the RuntimeClass of a pod adds to it. Follows plugin/pkg/admission/runtimeclass. */
import type { Pod } from '../../api/core.ts';
import type { RuntimeClass } from '../../api/node.ts';
import { compareQuantities } from '../../api/quantity.ts';
import { pods, runtimeClasses } from '../../api/resources.ts';
import { newAdmissionForbidden } from './admission.ts';
import type { AdmissionAttributes, AdmissionPlugin } from './admission.ts';
import type { AdmissionStore } from './admission-store.ts';
import { mergeTolerations } from './merge-tolerations.ts';

type Spec = NonNullable<Pod['spec']>;
type Overhead = Readonly<Record<string, string>>;

export function createRuntimeClassAdmission(store: AdmissionStore): AdmissionPlugin {
  const concerns = ({ operation, resource, subresource }: AdmissionAttributes): boolean => operation === 'CREATE' && resource === pods && !subresource;
  const classOf = (attributes: AdmissionAttributes, spec: Spec): RuntimeClass | undefined => {
    if (!spec.runtimeClassName) return undefined;
    const found = store.get(runtimeClasses, undefined, spec.runtimeClassName);
    if (!found) throw newAdmissionForbidden(attributes, `pod rejected: RuntimeClass "${spec.runtimeClassName}" not found`);
    return found;
  };
  return {
    name: 'RuntimeClass',
    admit(attributes) {
      const spec = concerns(attributes) ? (attributes.object as Pod).spec : undefined;
      const found = spec && classOf(attributes, spec);
      if (!spec || !found) return;
      setOverhead(attributes, spec, found);
      setScheduling(attributes, spec, found);
    },
    validate(attributes) {
      const spec = concerns(attributes) ? (attributes.object as Pod).spec : undefined;
      if (!spec?.overhead) return;
      const podFixed = classOf(attributes, spec)?.overhead?.podFixed;
      if (!podFixed) throw newAdmissionForbidden(attributes, 'pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead');
      if (!sameOverhead(spec.overhead, podFixed)) throw mismatch(attributes);
    },
  };
}

function setOverhead(attributes: AdmissionAttributes, spec: Spec, { overhead }: RuntimeClass): void {
  const podFixed = overhead?.podFixed;
  if (!podFixed) return;
  if (spec.overhead && !sameOverhead(spec.overhead, podFixed)) throw mismatch(attributes);
  spec.overhead = { ...podFixed };
}

function mismatch(attributes: AdmissionAttributes): Error {
  return newAdmissionForbidden(attributes, 'pod rejected: Pod\'s Overhead doesn\'t match RuntimeClass\'s defined Overhead');
}

function sameOverhead(left: Overhead, right: Overhead): boolean {
  const names = Object.keys(left);
  return names.length === Object.keys(right).length && names.every((name) => right[name] !== undefined && compareQuantities(left[name]!, right[name]) === 0);
}

function setScheduling(attributes: AdmissionAttributes, spec: Spec, { scheduling }: RuntimeClass): void {
  for (const [key, value] of Object.entries(scheduling?.nodeSelector ?? {})) {
    const own = spec.nodeSelector?.[key];
    if (own !== undefined && own !== value) {
      throw newAdmissionForbidden(attributes, `conflict: runtimeClass.scheduling.nodeSelector[${key}] = ${value}; pod.spec.nodeSelector[${key}] = ${own}`);
    }
    spec.nodeSelector = { ...spec.nodeSelector, [key]: value };
  }
  if (scheduling?.tolerations?.length) spec.tolerations = mergeTolerations(spec.tolerations ?? [], scheduling.tolerations);
}
