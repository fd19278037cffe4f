/**
 * What is allowed in a pod and does not do what its author thinks. Follows pkg/api/pod/warnings.go: wording and order.
 */
import type { ObjectMeta } from '../../../../api/meta.ts';
import type { PodTemplateSpec } from '../../../../api/core.ts';
import { parseQuantity } from '../../../../api/quantity.ts';
import { deepEqual } from '../../deep-equal.ts';
import { dnsLabel } from '../../validation/names.ts';
import type { Container, PodSpec } from './pod-parts.ts';

const one = parseQuantity('1');
const deprecatedLabels: Readonly<Record<string, string>> = {
  'beta.kubernetes.io/arch': 'deprecated since v1.14; use "kubernetes.io/arch" instead',
  'beta.kubernetes.io/os': 'deprecated since v1.14; use "kubernetes.io/os" instead',
  'failure-domain.beta.kubernetes.io/region': 'deprecated since v1.17; use "topology.kubernetes.io/region" instead',
  'failure-domain.beta.kubernetes.io/zone': 'deprecated since v1.17; use "topology.kubernetes.io/zone" instead',
  'beta.kubernetes.io/instance-type': 'deprecated since v1.17; use "node.kubernetes.io/instance-type" instead',
};
const deprecatedVolumes: Readonly<Record<string, string>> = {
  photonPersistentDisk: 'deprecated in v1.11, non-functional in v1.16+', gitRepo: 'deprecated in v1.11, and disabled by default in v1.33+', scaleIO: 'deprecated in v1.16, non-functional in v1.22+',
  flocker: 'deprecated in v1.22, non-functional in v1.25+', storageos: 'deprecated in v1.22, non-functional in v1.25+', quobyte: 'deprecated in v1.22, non-functional in v1.25+',
  glusterfs: 'deprecated in v1.25, non-functional in v1.26+', cephfs: 'deprecated in v1.28, non-functional in v1.31+', rbd: 'deprecated in v1.28, non-functional in v1.31+',
};

export const usedInPodNames = 'this is used in Pod names and hostnames';

interface Templated {
  metadata?: ObjectMeta;
  spec?: { template?: PodTemplateSpec };
}

/** Of a new pod, or one whose spec changes. */
export function podWarnings(pod: { metadata?: ObjectMeta; spec?: PodSpec }, old: { spec?: PodSpec } | undefined): string[] {
  if (old && deepEqual(pod.spec, old.spec)) return [];
  return [...(old ? [] : nameWarnings(pod.metadata, "this is used in the Pod's hostname")), ...specWarnings(pod.spec ?? {}, pod.metadata, '')];
}

/** Of what makes pods with names that begin with its own. */
export function workloadWarnings(workload: Templated, old: Templated | undefined): string[] {
  return [...(old ? [] : nameWarnings(workload.metadata, usedInPodNames)), ...templateWarnings(workload, old)];
}

export function templateWarnings({ spec }: Templated, old: Templated | undefined): string[] {
  if (old && deepEqual(spec, old.spec)) return [];
  return specWarnings(spec?.template?.spec ?? {}, spec?.template?.metadata, 'spec.template.');
}

/** Of a name that others are made from. @param use what for. */
export function nameWarnings(metadata: ObjectMeta | undefined, use: string): string[] {
  const problems = dnsLabel(metadata?.name ?? '');
  return problems.length === 0 ? [] : [`metadata.name: ${use}, which can result in surprising behavior; a DNS label is recommended: [${problems.join(' ')}]`];
}

/** @param prefix '' or the path of a template with its dot. */
export function specWarnings(spec: Partial<PodSpec>, metadata: ObjectMeta | undefined, prefix: string): string[] {
  const path = `${prefix}spec`;
  return [
    ...labelWarnings(spec, path),
    ...Object.keys(metadata?.annotations ?? {}).flatMap((key) => annotationWarnings(key, `${prefix}metadata.annotations[${key}]`)),
    ...(spec.volumes ?? []).flatMap((volume, index) => Object.keys(volume).filter((type) => Object.hasOwn(deprecatedVolumes, type)).map((type) => `${path}.volumes[${index}].${type === 'storageos' ? 'storageOS' : type}: ${deprecatedVolumes[type]}`)),
    ...repeated((spec.hostAliases ?? []).map(({ ip }) => ip), (index, ip) => `${path}.hostAliases[${index}].ip: duplicate ip ${JSON.stringify(ip)}`),
    ...repeated((spec.imagePullSecrets ?? []).map(({ name }) => name), (index, name) => `${path}.imagePullSecrets[${index}].name: duplicate name ${JSON.stringify(name)}`),
    ...(spec.imagePullSecrets ?? []).flatMap(({ name }, index) => (name ? [] : [`${path}.imagePullSecrets[${index}].name: invalid empty name ""`])),
    ...(['initContainers', 'containers'] as const).flatMap((list) => (spec[list] ?? []).flatMap((container, index) => containerWarnings(container, `${path}.${list}[${index}]`))),
    ...((spec.terminationGracePeriodSeconds ?? 0) < 0 ? [`${path}.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1`] : []),
  ];
}

function labelWarnings({ nodeSelector, topologySpreadConstraints = [] }: Partial<PodSpec>, path: string): string[] {
  const message = (key: string) => (Object.hasOwn(deprecatedLabels, key) ? deprecatedLabels[key] : undefined);
  return [
    ...Object.keys(nodeSelector ?? {}).filter(message).map((key) => `${path}.nodeSelector[${key}]: ${message(key)}`),
    ...topologySpreadConstraints.flatMap(({ topologyKey }, index) => (message(topologyKey) ? [`${path}.topologySpreadConstraints[${index}].topologyKey: ${topologyKey} is ${message(topologyKey)}`] : [])),
  ];
}

function annotationWarnings(key: string, place: string): string[] {
  if (key === 'seccomp.security.alpha.kubernetes.io/pod' || key.startsWith('container.seccomp.security.alpha.kubernetes.io/')) return [`${place}: non-functional in v1.27+; use the "seccompProfile" field instead`];
  return key.startsWith('container.apparmor.security.beta.kubernetes.io/') ? [`${place}: deprecated since v1.30; use the "appArmorProfile" field instead`] : [];
}

function containerWarnings({ env = [], ports = [], resources }: Container, path: string): string[] {
  return [
    ...(['limits', 'requests'] as const).flatMap((list) => ['memory', 'ephemeral-storage'].flatMap((name) => {
      const amount = resources?.[list]?.[name];
      return amount === undefined || parseQuantity(amount) % one === 0n ? [] : [`${path}.resources.${list}[${name}]: fractional byte value ${JSON.stringify(amount)} is invalid, must be an integer`];
    })),
    ...env.flatMap(({ name, value = '' }, index) => {
      // A value that is built on the one before means to follow it.
      const hides = env.slice(0, index).some((before) => before.name === name) && !value.includes(`$(${name})`);
      return hides ? [`${path}.env[${index}]: hides previous definition of ${JSON.stringify(name)}, which may be dropped when using apply`] : [];
    }),
    ...ports.flatMap((port, index) => {
      const before = ports.findIndex((other) => other.containerPort === port.containerPort && other.protocol === port.protocol && (other.hostPort ?? 0) === (port.hostPort ?? 0) && (other.hostIP ?? '') === (port.hostIP ?? ''));
      return before < index ? [`${path}.ports[${index}]: duplicate port definition with ${path}.ports[${before}]`] : [];
    }),
  ];
}

function repeated(values: readonly (string | undefined)[], text: (index: number, value: string) => string): string[] {
  const seen = new Set<string>();
  return values.flatMap((value, index) => {
    if (!value) return [];
    if (seen.has(value)) return [text(index, value)];
    seen.add(value);
    return [];
  });
}
