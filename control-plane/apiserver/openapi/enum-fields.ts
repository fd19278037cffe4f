/**
 * Fields whose values OpenAPI names as an `enum`. The schema table knows the constants of many more Go types (of conditions,
 * resource names, ...), but Kubernetes publishes only those marked `+enum`. Source: k8s.io/api of Kubernetes 1.36.
 */
import type { SchemaField } from '../../../api/schema/schema-table.ts';

const enumFields: Readonly<Record<string, string>> = {
  'admissionregistration.v1.MatchResources': 'matchPolicy',
  'admissionregistration.v1.MutatingAdmissionPolicySpec': 'failurePolicy reinvocationPolicy',
  'admissionregistration.v1.MutatingWebhook': 'failurePolicy matchPolicy reinvocationPolicy sideEffects',
  'admissionregistration.v1.Mutation': 'patchType',
  'admissionregistration.v1.Rule': 'scope',
  'admissionregistration.v1.RuleWithOperations': 'operations',
  'admissionregistration.v1.ValidatingAdmissionPolicyBindingSpec': 'validationActions',
  'admissionregistration.v1.ValidatingAdmissionPolicySpec': 'failurePolicy',
  'admissionregistration.v1.ValidatingWebhook': 'failurePolicy matchPolicy sideEffects',
  'apps.v1.DaemonSetUpdateStrategy': 'type',
  'apps.v1.DeploymentStrategy': 'type',
  'apps.v1.StatefulSetSpec': 'podManagementPolicy',
  'apps.v1.StatefulSetUpdateStrategy': 'type',
  'autoscaling.v1.MetricSpec': 'type',
  'autoscaling.v1.MetricStatus': 'type',
  'batch.v1.CronJobSpec': 'concurrencyPolicy',
  'batch.v1.JobSpec': 'completionMode podReplacementPolicy',
  'batch.v1.PodFailurePolicyOnExitCodesRequirement': 'operator',
  'batch.v1.PodFailurePolicyRule': 'action',
  'certificates.v1.CertificateSigningRequestSpec': 'usages',
  'core.v1.AppArmorProfile': 'type',
  'core.v1.AzureDiskVolumeSource': 'cachingMode kind',
  'core.v1.Container': 'imagePullPolicy terminationMessagePolicy',
  'core.v1.ContainerPort': 'protocol',
  'core.v1.ContainerStatus': 'stopSignal',
  'core.v1.EndpointPort': 'protocol',
  'core.v1.EphemeralContainer': 'imagePullPolicy terminationMessagePolicy',
  'core.v1.HTTPGetAction': 'scheme',
  'core.v1.HostPathVolumeSource': 'type',
  'core.v1.ImageVolumeSource': 'pullPolicy',
  'core.v1.Lifecycle': 'stopSignal',
  'core.v1.ModifyVolumeStatus': 'status',
  'core.v1.NamespaceStatus': 'phase',
  'core.v1.NodeSelectorRequirement': 'operator',
  'core.v1.NodeStatus': 'phase',
  'core.v1.PersistentVolumeClaimSpec': 'accessModes volumeMode',
  'core.v1.PersistentVolumeClaimStatus': 'accessModes allocatedResourceStatuses phase',
  'core.v1.PersistentVolumeSpec': 'accessModes persistentVolumeReclaimPolicy volumeMode',
  'core.v1.PersistentVolumeStatus': 'phase',
  'core.v1.PodSecurityContext': 'fsGroupChangePolicy supplementalGroupsPolicy',
  'core.v1.PodSpec': 'dnsPolicy preemptionPolicy restartPolicy',
  'core.v1.PodStatus': 'phase qosClass',
  'core.v1.PortStatus': 'protocol',
  'core.v1.ResourceQuotaSpec': 'scopes',
  'core.v1.ScopedResourceSelectorRequirement': 'operator scopeName',
  'core.v1.SeccompProfile': 'type',
  'core.v1.SecurityContext': 'procMount',
  'core.v1.ServicePort': 'protocol',
  'core.v1.ServiceSpec': 'externalTrafficPolicy internalTrafficPolicy ipFamilies ipFamilyPolicy sessionAffinity type',
  'core.v1.Taint': 'effect',
  'core.v1.Toleration': 'effect operator',
  'core.v1.TopologySpreadConstraint': 'nodeAffinityPolicy nodeTaintsPolicy whenUnsatisfiable',
  'core.v1.VolumeMount': 'mountPropagation',
  'discovery.v1.EndpointPort': 'protocol',
  'discovery.v1.EndpointSlice': 'addressType',
  'networking.v1.HTTPIngressPath': 'pathType',
  'networking.v1.IngressPortStatus': 'protocol',
  'networking.v1.NetworkPolicyPort': 'protocol',
  'networking.v1.NetworkPolicySpec': 'policyTypes',
  'policy.v1.PodDisruptionBudgetSpec': 'unhealthyPodEvictionPolicy',
  'scheduling.v1.PriorityClass': 'preemptionPolicy',
  'storage.v1.StorageClass': 'reclaimPolicy volumeBindingMode',
};

/** Where the schema table has no values, because their constants are aliases or of another package, or has one too many. */
const otherValues: Readonly<Record<string, readonly string[]>> = {
  'apps.v1.StatefulSetUpdateStrategy type': ['OnDelete', 'RollingUpdate'],
  'core.v1.PersistentVolumeClaimStatus allocatedResourceStatuses': ['ControllerResizeInProgress', 'ControllerResizeInfeasible', 'NodeResizeInProgress', 'NodeResizeInfeasible', 'NodeResizePending'],
  'discovery.v1.EndpointPort protocol': ['SCTP', 'TCP', 'UDP'],
  'discovery.v1.EndpointSlice addressType': ['FQDN', 'IPv4', 'IPv6'],
  'networking.v1.HTTPIngressPath pathType': ['Exact', 'ImplementationSpecific', 'Prefix'],
  'networking.v1.IngressPortStatus protocol': ['SCTP', 'TCP', 'UDP'],
  'networking.v1.NetworkPolicyPort protocol': ['SCTP', 'TCP', 'UDP'],
  'scheduling.v1.PriorityClass preemptionPolicy': ['Never', 'PreemptLowerPriority'],
  'storage.v1.StorageClass reclaimPolicy': ['Delete', 'Recycle', 'Retain'],
};

/**
 * @param message name in the schema table.
 * @returns sorted; undefined for fields that may have any value, as far as OpenAPI is concerned.
 */
export function enumOf(message: string, field: SchemaField): readonly string[] | undefined {
  const name = message.split('.').slice(-3).join('.');
  if (!enumFields[name]?.split(' ').includes(field.name)) return undefined;
  return otherValues[`${name} ${field.name}`] ?? field.values;
}

/** What Kubernetes appends to the description of such a field, but for its words on each value. */
export function describeEnum(values: readonly string[]): string {
  return ['', '', 'Possible enum values:', ...values.map((value) => ` - \`${JSON.stringify(value)}\``).sort()].join('\n');
}
