/** Defaults of Pods and of pod templates. Follows pkg/apis/core/v1: defaults.go and zz_generated.defaults.go. */
import type { Container, Pod, PodSpec, PodStatus, Volume } from '../../../../api/core.ts';
import type { DownwardAPIVolumeFile } from './pod-parts.ts';
import { defaultForeignSources } from '../../validation/default-foreign-sources.ts';
import { defaultContainer, defaultPullPolicy } from './container-defaults.ts';

/** 0644: files of ConfigMap, Secret, downward API and projected volumes. */
const defaultFileMode = 0o644;
const defaultTokenExpirationSeconds = 3600;

export function defaultPod(pod: Pod): void {
  const spec = pod.spec ??= {} as PodSpec;
  defaultPodSpec(spec);
  // Only of a pod, not of a template: what the template leaves out follows its containers later.
  for (const container of containersOf(spec)) defaultRequests(container);
  if (spec.hostNetwork) defaultHostPorts(spec);
  spec.enableServiceLinks ??= true;
  if (pod.status) defaultAddresses(pod.status);
}

/** One address is in both fields; where they differ the older one is right. Follows pkg/apis/core/v1/conversion.go. */
function defaultAddresses(status: PodStatus): void {
  const first = status.podIPs?.[0]?.ip;
  if (status.podIP && status.podIP !== first) status.podIPs = [{ ip: status.podIP }];
  else if (!status.podIP && first) status.podIP = first;
}

/** A limit without a request is its own request. */
function defaultRequests({ resources }: Container): void {
  if (!resources?.limits) return;
  resources.requests = { ...resources.limits, ...resources.requests };
}

/** What pods and templates share. */
export function defaultPodSpec(spec: PodSpec): void {
  spec.dnsPolicy ||= 'ClusterFirst';
  spec.restartPolicy ||= 'Always';
  spec.securityContext ??= {};
  spec.terminationGracePeriodSeconds ??= 30;
  spec.schedulerName ||= 'default-scheduler';
  // The older name of the field is one for the same: both say what the newer one says.
  if (!spec.serviceAccountName && spec.serviceAccount) spec.serviceAccountName = spec.serviceAccount;
  if (spec.serviceAccountName) spec.serviceAccount = spec.serviceAccountName;
  for (const volume of spec.volumes ?? []) defaultVolume(volume);
  for (const container of containersOf(spec)) defaultContainer(container);
  for (const container of spec.ephemeralContainers ?? []) defaultContainer(container);
}

/** An object of a client may lack the list that a pod must have: validation says so later. */
function containersOf(spec: Partial<PodSpec>): Container[] {
  return [...(spec.initContainers ?? []), ...(spec.containers ?? [])];
}

/** A container of a pod on the board's network has its ports there. */
function defaultHostPorts(spec: PodSpec): void {
  for (const container of containersOf(spec)) {
    for (const port of container.ports ?? []) port.hostPort ||= port.containerPort;
  }
}

function defaultVolume(volume: Volume): void {
  if (Object.keys(volume).every((field) => field === 'name')) volume.emptyDir = {};
  if (volume.secret) volume.secret.defaultMode ??= defaultFileMode;
  if (volume.configMap) volume.configMap.defaultMode ??= defaultFileMode;
  if (volume.hostPath) volume.hostPath.type ??= '';
  if (volume.downwardAPI) {
    volume.downwardAPI.defaultMode ??= defaultFileMode;
    for (const item of volume.downwardAPI.items ?? []) defaultItem(item);
  }
  if (volume.projected) defaultProjected(volume.projected);
  defaultForeignSources(volume);
  const { image } = volume as { image?: { pullPolicy?: string; reference?: string } };
  if (image) image.pullPolicy ||= defaultPullPolicy(image.reference ?? '');
  const claim: { volumeMode?: string } | undefined = volume.ephemeral?.volumeClaimTemplate?.spec;
  if (claim) claim.volumeMode ??= 'Filesystem';
}

function defaultProjected(projected: NonNullable<Volume['projected']>): void {
  projected.defaultMode ??= defaultFileMode;
  for (const source of projected.sources ?? []) {
    if (source.serviceAccountToken) source.serviceAccountToken.expirationSeconds ??= defaultTokenExpirationSeconds;
    for (const item of source.downwardAPI?.items ?? []) defaultItem(item);
  }
}

function defaultItem({ fieldRef, resourceFieldRef }: DownwardAPIVolumeFile): void {
  if (fieldRef) fieldRef.apiVersion ||= 'v1';
  if (resourceFieldRef) resourceFieldRef.divisor ??= '0';
}
