/**
 * Parts of a pod, by the names that validation uses. An object of a client may lack what the published types call
 * required: validators check before they use.
 */
export type {
  Affinity, Container, ContainerPort, DownwardAPIVolumeFile, EnvFromSource, EnvVar, EnvVarSource, EphemeralContainer, HTTPGetAction,
  KeyToPath, Lifecycle, LifecycleHandler, NodeSelectorTerm, ObjectFieldSelector, PodAffinityTerm, PodDNSConfig, PodSecurityContext,
  PodSpec, Probe, ResourceFieldSelector, ResourceRequirements, SecurityContext, Toleration, TopologySpreadConstraint, Volume,
  VolumeMount, VolumeProjection, WeightedPodAffinityTerm,
} from 'kubernetes-types/core/v1';
