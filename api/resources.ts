/**
 * The resource table: one row per kind. Routes, discovery, OpenAPI, decoding, storage keys and printing are driven by it.
 * A new kind is a row here, a strategy in control-plane/registry, a printer and its tests.
 */
import type { MutatingAdmissionPolicy, MutatingAdmissionPolicyBinding, MutatingWebhookConfiguration, ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding, ValidatingWebhookConfiguration } from './admissionregistration.ts';
import type { CustomResourceDefinition } from './apiextensions.ts';
import type { APIService } from './apiregistration.ts';
import type { ControllerRevision, DaemonSet, Deployment, ReplicaSet, StatefulSet } from './apps.ts';
import type { SelfSubjectReview, TokenReview } from './authentication.ts';
import type { LocalSubjectAccessReview, SelfSubjectAccessReview, SelfSubjectRulesReview, SubjectAccessReview } from './authorization.ts';
import type { HorizontalPodAutoscaler, HorizontalPodAutoscalerV1 } from './autoscaling.ts';
import type { CronJob, Job } from './batch.ts';
import type { CertificateSigningRequest } from './certificates.ts';
import type { Lease } from './coordination.ts';
import type {
  Binding, ComponentStatus, ConfigMap, Endpoints, Event, LimitRange, Namespace, Node, PersistentVolume, PersistentVolumeClaim, Pod, PodTemplate,
  ReplicationController, ResourceQuota, Secret, Service, ServiceAccount,
} from './core.ts';
import type { EndpointSlice } from './discovery.ts';
import type { Event as GroupedEvent } from './events.ts';
import type { FlowSchema, PriorityLevelConfiguration } from './flowcontrol.ts';
import type { Ingress, IngressClass, IPAddress, NetworkPolicy, ServiceCIDR } from './networking.ts';
import type { RuntimeClass } from './node.ts';
import type { PodDisruptionBudget } from './policy.ts';
import type { ClusterRole, ClusterRoleBinding, Role, RoleBinding } from './rbac.ts';
import { apiVersionOf, defineResource as define, type Resource, type Subresource } from './resource.ts';
import type { PriorityClass } from './scheduling.ts';
import type { CSIDriver, CSINode, CSIStorageCapacity, StorageClass, VolumeAttachment, VolumeAttributesClass } from './storage.ts';

export { apiVersionOf };
export type { Resource, Subresource };

export const namespaces = define<Namespace>({ group: '', kind: 'Namespace', plural: 'namespaces', namespaced: false, shortNames: ['ns'], subresources: ['status', 'finalize'], deleteCollection: false });
export const nodes = define<Node>({ group: '', kind: 'Node', plural: 'nodes', namespaced: false, shortNames: ['no'], subresources: ['status', 'proxy'] });
export const pods = define<Pod>({ group: '', kind: 'Pod', plural: 'pods', namespaced: true, shortNames: ['po'], categories: ['all'], subresources: ['status', 'binding', 'eviction', 'ephemeralcontainers', 'resize', 'log', 'exec', 'attach', 'portforward', 'proxy'] });
export const services = define<Service>({ group: '', kind: 'Service', plural: 'services', namespaced: true, shortNames: ['svc'], categories: ['all'], subresources: ['status', 'proxy'] });
export const endpoints = define<Endpoints>({ group: '', kind: 'Endpoints', plural: 'endpoints', namespaced: true, singular: 'endpoints', shortNames: ['ep'], deprecationWarning: 'v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice' });
export const configMaps = define<ConfigMap>({ group: '', kind: 'ConfigMap', plural: 'configmaps', namespaced: true, shortNames: ['cm'] });
export const secrets = define<Secret>({ group: '', kind: 'Secret', plural: 'secrets', namespaced: true });
export const events = define<Event>({ group: '', kind: 'Event', plural: 'events', namespaced: true, shortNames: ['ev'] });
export const serviceAccounts = define<ServiceAccount>({ group: '', kind: 'ServiceAccount', plural: 'serviceaccounts', namespaced: true, shortNames: ['sa'], subresources: ['token'] });
export const replicationControllers = define<ReplicationController>({ group: '', kind: 'ReplicationController', plural: 'replicationcontrollers', namespaced: true, shortNames: ['rc'], categories: ['all'], subresources: ['status', 'scale'] });
export const podTemplates = define<PodTemplate>({ group: '', kind: 'PodTemplate', plural: 'podtemplates', namespaced: true });
export const resourceQuotas = define<ResourceQuota>({ group: '', kind: 'ResourceQuota', plural: 'resourcequotas', namespaced: true, shortNames: ['quota'], subresources: ['status'] });
export const limitRanges = define<LimitRange>({ group: '', kind: 'LimitRange', plural: 'limitranges', namespaced: true, shortNames: ['limits'] });
export const persistentVolumes = define<PersistentVolume>({ group: '', kind: 'PersistentVolume', plural: 'persistentvolumes', namespaced: false, shortNames: ['pv'], subresources: ['status'] });
export const persistentVolumeClaims = define<PersistentVolumeClaim>({ group: '', kind: 'PersistentVolumeClaim', plural: 'persistentvolumeclaims', namespaced: true, shortNames: ['pvc'], subresources: ['status'] });
export const deployments = define<Deployment>({ group: 'apps', kind: 'Deployment', plural: 'deployments', namespaced: true, shortNames: ['deploy'], categories: ['all'], subresources: ['status', 'scale'] });
export const replicaSets = define<ReplicaSet>({ group: 'apps', kind: 'ReplicaSet', plural: 'replicasets', namespaced: true, shortNames: ['rs'], categories: ['all'], subresources: ['status', 'scale'] });
export const statefulSets = define<StatefulSet>({ group: 'apps', kind: 'StatefulSet', plural: 'statefulsets', namespaced: true, shortNames: ['sts'], categories: ['all'], subresources: ['status', 'scale'] });
export const daemonSets = define<DaemonSet>({ group: 'apps', kind: 'DaemonSet', plural: 'daemonsets', namespaced: true, shortNames: ['ds'], categories: ['all'], subresources: ['status'] });
export const controllerRevisions = define<ControllerRevision>({ group: 'apps', kind: 'ControllerRevision', plural: 'controllerrevisions', namespaced: true });
export const jobs = define<Job>({ group: 'batch', kind: 'Job', plural: 'jobs', namespaced: true, categories: ['all'], subresources: ['status'] });
export const cronJobs = define<CronJob>({ group: 'batch', kind: 'CronJob', plural: 'cronjobs', namespaced: true, shortNames: ['cj'], categories: ['all'], subresources: ['status'] });
export const horizontalPodAutoscalers = define<HorizontalPodAutoscaler>({ group: 'autoscaling', kind: 'HorizontalPodAutoscaler', plural: 'horizontalpodautoscalers', namespaced: true, version: 'v2', shortNames: ['hpa'], categories: ['all'], subresources: ['status'] });
export const podDisruptionBudgets = define<PodDisruptionBudget>({ group: 'policy', kind: 'PodDisruptionBudget', plural: 'poddisruptionbudgets', namespaced: true, shortNames: ['pdb'], subresources: ['status'] });
export const ingresses = define<Ingress>({ group: 'networking.k8s.io', kind: 'Ingress', plural: 'ingresses', namespaced: true, shortNames: ['ing'], subresources: ['status'] });
export const ingressClasses = define<IngressClass>({ group: 'networking.k8s.io', kind: 'IngressClass', plural: 'ingressclasses', namespaced: false });
export const networkPolicies = define<NetworkPolicy>({ group: 'networking.k8s.io', kind: 'NetworkPolicy', plural: 'networkpolicies', namespaced: true, shortNames: ['netpol'] });
export const serviceCIDRs = define<ServiceCIDR>({ group: 'networking.k8s.io', kind: 'ServiceCIDR', plural: 'servicecidrs', namespaced: false, subresources: ['status'] });
export const ipAddresses = define<IPAddress>({ group: 'networking.k8s.io', kind: 'IPAddress', plural: 'ipaddresses', namespaced: false, shortNames: ['ip'] });
export const endpointSlices = define<EndpointSlice>({ group: 'discovery.k8s.io', kind: 'EndpointSlice', plural: 'endpointslices', namespaced: true });
export const leases = define<Lease>({ group: 'coordination.k8s.io', kind: 'Lease', plural: 'leases', namespaced: true });
export const priorityClasses = define<PriorityClass>({ group: 'scheduling.k8s.io', kind: 'PriorityClass', plural: 'priorityclasses', namespaced: false, shortNames: ['pc'] });
export const storageClasses = define<StorageClass>({ group: 'storage.k8s.io', kind: 'StorageClass', plural: 'storageclasses', namespaced: false, shortNames: ['sc'] });
export const volumeAttachments = define<VolumeAttachment>({ group: 'storage.k8s.io', kind: 'VolumeAttachment', plural: 'volumeattachments', namespaced: false, subresources: ['status'] });
export const volumeAttributesClasses = define<VolumeAttributesClass>({ group: 'storage.k8s.io', kind: 'VolumeAttributesClass', plural: 'volumeattributesclasses', namespaced: false, shortNames: ['vac'] });
export const csiDrivers = define<CSIDriver>({ group: 'storage.k8s.io', kind: 'CSIDriver', plural: 'csidrivers', namespaced: false });
export const csiNodes = define<CSINode>({ group: 'storage.k8s.io', kind: 'CSINode', plural: 'csinodes', namespaced: false });
export const csiStorageCapacities = define<CSIStorageCapacity>({ group: 'storage.k8s.io', kind: 'CSIStorageCapacity', plural: 'csistoragecapacities', namespaced: true });
export const runtimeClasses = define<RuntimeClass>({ group: 'node.k8s.io', kind: 'RuntimeClass', plural: 'runtimeclasses', namespaced: false });
export const roles = define<Role>({ group: 'rbac.authorization.k8s.io', kind: 'Role', plural: 'roles', namespaced: true });
export const roleBindings = define<RoleBinding>({ group: 'rbac.authorization.k8s.io', kind: 'RoleBinding', plural: 'rolebindings', namespaced: true });
export const clusterRoles = define<ClusterRole>({ group: 'rbac.authorization.k8s.io', kind: 'ClusterRole', plural: 'clusterroles', namespaced: false });
export const clusterRoleBindings = define<ClusterRoleBinding>({ group: 'rbac.authorization.k8s.io', kind: 'ClusterRoleBinding', plural: 'clusterrolebindings', namespaced: false });
export const certificateSigningRequests = define<CertificateSigningRequest>({ group: 'certificates.k8s.io', kind: 'CertificateSigningRequest', plural: 'certificatesigningrequests', namespaced: false, shortNames: ['csr'], subresources: ['status', 'approval'] });
export const mutatingWebhookConfigurations = define<MutatingWebhookConfiguration>({ group: 'admissionregistration.k8s.io', kind: 'MutatingWebhookConfiguration', plural: 'mutatingwebhookconfigurations', namespaced: false, categories: ['api-extensions'] });
export const validatingWebhookConfigurations = define<ValidatingWebhookConfiguration>({ group: 'admissionregistration.k8s.io', kind: 'ValidatingWebhookConfiguration', plural: 'validatingwebhookconfigurations', namespaced: false, categories: ['api-extensions'] });
export const validatingAdmissionPolicies = define<ValidatingAdmissionPolicy>({ group: 'admissionregistration.k8s.io', kind: 'ValidatingAdmissionPolicy', plural: 'validatingadmissionpolicies', namespaced: false, categories: ['api-extensions'], subresources: ['status'] });
export const validatingAdmissionPolicyBindings = define<ValidatingAdmissionPolicyBinding>({ group: 'admissionregistration.k8s.io', kind: 'ValidatingAdmissionPolicyBinding', plural: 'validatingadmissionpolicybindings', namespaced: false, categories: ['api-extensions'] });
export const mutatingAdmissionPolicies = define<MutatingAdmissionPolicy>({ group: 'admissionregistration.k8s.io', kind: 'MutatingAdmissionPolicy', plural: 'mutatingadmissionpolicies', namespaced: false, categories: ['api-extensions'] });
export const mutatingAdmissionPolicyBindings = define<MutatingAdmissionPolicyBinding>({ group: 'admissionregistration.k8s.io', kind: 'MutatingAdmissionPolicyBinding', plural: 'mutatingadmissionpolicybindings', namespaced: false, categories: ['api-extensions'] });
export const customResourceDefinitions = define<CustomResourceDefinition>({ group: 'apiextensions.k8s.io', kind: 'CustomResourceDefinition', plural: 'customresourcedefinitions', namespaced: false, shortNames: ['crd', 'crds'], categories: ['api-extensions'], subresources: ['status'] });
export const apiServices = define<APIService>({ group: 'apiregistration.k8s.io', kind: 'APIService', plural: 'apiservices', namespaced: false, categories: ['api-extensions'], subresources: ['status'] });
export const flowSchemas = define<FlowSchema>({ group: 'flowcontrol.apiserver.k8s.io', kind: 'FlowSchema', plural: 'flowschemas', namespaced: false, subresources: ['status'] });
export const priorityLevelConfigurations = define<PriorityLevelConfiguration>({ group: 'flowcontrol.apiserver.k8s.io', kind: 'PriorityLevelConfiguration', plural: 'prioritylevelconfigurations', namespaced: false, subresources: ['status'] });

// The same objects in another version or group.
export const horizontalPodAutoscalersV1 = define<HorizontalPodAutoscalerV1>({ group: 'autoscaling', kind: 'HorizontalPodAutoscaler', plural: 'horizontalpodautoscalers', namespaced: true, shortNames: ['hpa'], categories: ['all'], subresources: ['status'], storedAs: horizontalPodAutoscalers });
export const groupedEvents = define<GroupedEvent>({ group: 'events.k8s.io', kind: 'Event', plural: 'events', namespaced: true, shortNames: ['ev'], storedAs: events });

// Answers without a store.
export const bindings = define<Binding>({ group: '', kind: 'Binding', plural: 'bindings', namespaced: true, virtual: true, deleteCollection: false });
export const componentStatuses = define<ComponentStatus>({ group: '', kind: 'ComponentStatus', plural: 'componentstatuses', namespaced: false, shortNames: ['cs'], virtual: true, deleteCollection: false });
export const tokenReviews = define<TokenReview>({ group: 'authentication.k8s.io', kind: 'TokenReview', plural: 'tokenreviews', namespaced: false, virtual: true, deleteCollection: false });
export const selfSubjectReviews = define<SelfSubjectReview>({ group: 'authentication.k8s.io', kind: 'SelfSubjectReview', plural: 'selfsubjectreviews', namespaced: false, virtual: true, deleteCollection: false });
export const subjectAccessReviews = define<SubjectAccessReview>({ group: 'authorization.k8s.io', kind: 'SubjectAccessReview', plural: 'subjectaccessreviews', namespaced: false, virtual: true, deleteCollection: false });
export const localSubjectAccessReviews = define<LocalSubjectAccessReview>({ group: 'authorization.k8s.io', kind: 'LocalSubjectAccessReview', plural: 'localsubjectaccessreviews', namespaced: true, virtual: true, deleteCollection: false });
export const selfSubjectAccessReviews = define<SelfSubjectAccessReview>({ group: 'authorization.k8s.io', kind: 'SelfSubjectAccessReview', plural: 'selfsubjectaccessreviews', namespaced: false, virtual: true, deleteCollection: false });
export const selfSubjectRulesReviews = define<SelfSubjectRulesReview>({ group: 'authorization.k8s.io', kind: 'SelfSubjectRulesReview', plural: 'selfsubjectrulesreviews', namespaced: false, virtual: true, deleteCollection: false });

/** Every kind that has a store of its own. */
export const resources: readonly Resource[] = [
  namespaces, nodes, pods, services, endpoints, configMaps, secrets, events, serviceAccounts, replicationControllers, podTemplates,
  resourceQuotas, limitRanges, persistentVolumes, persistentVolumeClaims, deployments, replicaSets, statefulSets, daemonSets,
  controllerRevisions, jobs, cronJobs, horizontalPodAutoscalers, podDisruptionBudgets, ingresses, ingressClasses, networkPolicies, serviceCIDRs, ipAddresses,
  endpointSlices, leases, priorityClasses, storageClasses, volumeAttachments, volumeAttributesClasses, csiDrivers, csiNodes, csiStorageCapacities,
  runtimeClasses, roles, roleBindings, clusterRoles, clusterRoleBindings, certificateSigningRequests, mutatingWebhookConfigurations,
  validatingWebhookConfigurations, validatingAdmissionPolicies, validatingAdmissionPolicyBindings, mutatingAdmissionPolicies, mutatingAdmissionPolicyBindings, customResourceDefinitions,
  apiServices, flowSchemas, priorityLevelConfigurations,
];

/** Rows with `storedAs`. */
export const convertedResources: readonly Resource[] = [horizontalPodAutoscalersV1, groupedEvents];

/** Rows with `virtual`. */
export const virtualResources: readonly Resource[] = [
  bindings, componentStatuses, tokenReviews, selfSubjectReviews, subjectAccessReviews, localSubjectAccessReviews,
  selfSubjectAccessReviews, selfSubjectRulesReviews,
];

/** Everything that is built in. */
export const builtInResources: readonly Resource[] = [...resources, ...convertedResources, ...virtualResources];

export function findResource(group: string, version: string, plural: string): Resource | undefined {
  return resources.find((row) => row.plural === plural && row.version === version && row.group === group);
}

/** The row of an object by its apiVersion and kind, or undefined when this cluster does not know the kind. */
export function findKind(apiVersion: string, kind: string): Resource | undefined {
  return resources.find((row) => row.kind === kind && apiVersionOf(row) === apiVersion);
}
