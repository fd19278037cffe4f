/** The level `restricted`: current practice of hardening. */
import type { Volume } from '../../../api/core.ts';
import type { Check, Violation } from './checks.ts';
import { procMount } from './baseline-checks.ts';
import { containersWith, hasOwnUsers, knowsUserNamespaces, nameContainers, plural, quoteAll } from './pod-parts.ts';
import type { CheckedPod, ContainerContext, PodContext } from './pod-parts.ts';

const allowedVolumes: readonly string[] = ['configMap', 'downwardAPI', 'emptyDir', 'projected', 'secret', 'csi', 'persistentVolumeClaim', 'ephemeral', 'image'];
/** Since this version a pod that says it runs on Windows is spared the rules of Linux. */
const knowsWindows = 25;

export const restrictedChecks: readonly Check[] = [
  { find: allowPrivilegeEscalation, since: 8 },
  { find: capabilities, since: 22 },
  { find: procMount, since: 35 },
  { find: restrictedVolumes },
  { find: runAsNonRoot },
  { find: runAsUser, since: 23 },
  { find: seccompProfile, since: 19 },
];

function allowPrivilegeEscalation(pod: CheckedPod, minor: number): Violation | undefined {
  if (pod.windows && minor >= knowsWindows) return undefined;
  const names = containersWith(pod, (context) => context?.allowPrivilegeEscalation !== false);
  return names.length === 0 ? undefined : {
    reason: 'allowPrivilegeEscalation != false', detail: `${nameContainers(names)} must set securityContext.allowPrivilegeEscalation=false`,
  };
}

function capabilities(pod: CheckedPod, minor: number): Violation | undefined {
  if (pod.windows && minor >= knowsWindows) return undefined;
  const addsOf = (context: ContainerContext | undefined): string[] => (context?.capabilities?.add ?? []).filter((name) => name !== 'NET_BIND_SERVICE');
  const missing = containersWith(pod, (context) => !context?.capabilities?.drop?.includes('ALL'));
  const adding = containersWith(pod, (context) => addsOf(context).length > 0);
  const details: string[] = [];
  if (missing.length > 0) details.push(`${nameContainers(missing)} must set securityContext.capabilities.drop=["ALL"]`);
  if (adding.length > 0) {
    const names = [...new Set(pod.containers.flatMap(({ securityContext }) => addsOf(securityContext)))].sort();
    details.push(`${nameContainers(adding)} must not include ${quoteAll(names)} in securityContext.capabilities.add`);
  }
  return details.length === 0 ? undefined : { reason: 'unrestricted capabilities', detail: details.join('; ') };
}

function restrictedVolumes({ spec }: CheckedPod): Violation | undefined {
  const typeOf = (volume: Volume): string => Object.keys(volume).find((key) => key !== 'name') ?? 'emptyDir';
  const bad = (spec.volumes ?? []).filter((volume) => !allowedVolumes.includes(typeOf(volume)));
  if (bad.length === 0) return undefined;
  const types = [...new Set(bad.map(typeOf))].sort();
  const verb = bad.length === 1 ? 'uses' : 'use';
  return {
    reason: 'restricted volume types',
    detail: `${plural('volume', bad.length)} ${quoteAll(bad.map(({ name }) => name))} ${verb} restricted volume ${plural('type', types.length)} ${quoteAll(types)}`,
  };
}

function runAsNonRoot(pod: CheckedPod, minor: number): Violation | undefined {
  if (minor >= knowsUserNamespaces && hasOwnUsers(pod)) return undefined;
  const ofPod = pod.spec.securityContext?.runAsNonRoot;
  const explicit = containersWith(pod, (context) => context?.runAsNonRoot === false);
  const implicit = containersWith(pod, (context) => context?.runAsNonRoot === undefined && ofPod !== true);
  const setters: string[] = [];
  if (ofPod === false) setters.push('pod');
  if (explicit.length > 0) setters.push(nameContainers(explicit));
  if (setters.length > 0) return { reason: 'runAsNonRoot != true', detail: `${setters.join(' and ')} must not set securityContext.runAsNonRoot=false` };
  return implicit.length === 0 ? undefined : { reason: 'runAsNonRoot != true', detail: `pod or ${nameContainers(implicit)} must set securityContext.runAsNonRoot=true` };
}

function runAsUser(pod: CheckedPod, minor: number): Violation | undefined {
  if (minor >= knowsUserNamespaces && hasOwnUsers(pod)) return undefined;
  const isRoot = (context: ContainerContext | PodContext | undefined): boolean => context?.runAsUser === 0;
  const names = containersWith(pod, isRoot);
  const setters = [...(isRoot(pod.spec.securityContext) ? ['pod'] : []), ...(names.length > 0 ? [nameContainers(names)] : [])];
  return setters.length === 0 ? undefined : { reason: 'runAsUser=0', detail: `${setters.join(' and ')} must not set runAsUser=0` };
}

function seccompProfile(pod: CheckedPod, minor: number): Violation | undefined {
  if (pod.windows && minor >= knowsWindows) return undefined;
  const good = (type: string | undefined): boolean => type === 'RuntimeDefault' || type === 'Localhost';
  const ofPod = pod.spec.securityContext?.seccompProfile?.type;
  const explicit = containersWith(pod, (context) => context?.seccompProfile !== undefined && !good(context.seccompProfile.type));
  const implicit = containersWith(pod, (context) => context?.seccompProfile === undefined && !good(ofPod));
  const setters: string[] = [];
  const values = new Set<string>();
  if (ofPod !== undefined && !good(ofPod)) {
    setters.push('pod');
    values.add(ofPod);
  }
  if (explicit.length > 0) {
    setters.push(nameContainers(explicit));
    for (const { name, securityContext } of pod.containers) if (explicit.includes(name)) values.add(securityContext?.seccompProfile?.type ?? '');
  }
  if (setters.length > 0) return { reason: 'seccompProfile', detail: `${setters.join(' and ')} must not set securityContext.seccompProfile.type to ${quoteAll([...values].sort())}` };
  return implicit.length === 0 ? undefined : {
    reason: 'seccompProfile', detail: `pod or ${nameContainers(implicit)} must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"`,
  };
}
