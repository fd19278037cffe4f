/** Types of the API group "" (core), version v1. */
export type {
  Affinity, Binding, Capabilities, ComponentStatus, ConfigMap, ConfigMapVolumeSource, Container, ContainerPort, ContainerState, ContainerStatus,
  EmptyDirVolumeSource, EndpointAddress, Endpoints, EndpointSubset, EnvFromSource, EnvVar, Event, HostPathVolumeSource,
  KeyToPath, Lifecycle, LifecycleHandler, LimitRange, Namespace, Node, NodeAddress, NodeAffinity, NodeCondition, NodeSelector,
  NodeSelectorRequirement, NodeSelectorTerm, ObjectReference, PersistentVolume, PersistentVolumeClaim, PodTemplate, ReplicationController, ResourceQuota, NodeSpec, NodeStatus, NodeSystemInfo, Pod, PodAffinityTerm, PodCondition,
  PodSecurityContext, PodSpec, PodStatus, PodTemplateSpec, Probe, ResourceRequirements, Secret, SecretVolumeSource,
  SecurityContext, Service, ServiceAccount, ServicePort, ServiceSpec, Taint, Toleration, TopologySpreadConstraint, Volume,
  VolumeMount,
} from 'kubernetes-types/core/v1';
