/** Types of the API group "" (core), version v1. */
export type {
  Affinity, Binding, Capabilities, ConfigMap, ConfigMapVolumeSource, Container, ContainerPort, ContainerState, ContainerStatus,
  EmptyDirVolumeSource, EndpointAddress, Endpoints, EndpointSubset, EnvFromSource, EnvVar, Event, HostPathVolumeSource,
  KeyToPath, Lifecycle, LifecycleHandler, Namespace, Node, NodeAddress, NodeAffinity, NodeCondition, NodeSelector,
  NodeSelectorRequirement, NodeSelectorTerm, ObjectReference, NodeSpec, NodeStatus, NodeSystemInfo, Pod, PodAffinityTerm, PodCondition,
  PodSecurityContext, PodSpec, PodStatus, PodTemplateSpec, Probe, ResourceRequirements, Secret, SecretVolumeSource,
  SecurityContext, Service, ServiceAccount, ServicePort, ServiceSpec, Taint, Toleration, TopologySpreadConstraint, Volume,
  VolumeMount,
} from 'kubernetes-types/core/v1';
