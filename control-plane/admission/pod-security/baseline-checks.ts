/** The level `baseline`: what nobody needs who does not run the node itself. */
import type { Container } from '../../../api/core.ts';
import type { Check, Violation } from './checks.ts';
import { containersWith, hasOwnUsers, knowsUserNamespaces, nameContainers, plural, quoteAll } from './pod-parts.ts';
import type { CheckedPod } from './pod-parts.ts';

const defaultCapabilities = new Set([
  'AUDIT_WRITE', 'CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'FSETID', 'KILL', 'MKNOD', 'NET_BIND_SERVICE', 'SETFCAP', 'SETGID', 'SETPCAP', 'SETUID', 'SYS_CHROOT',
]);

/** Sysctl → minor version since which it is safe. */
const safeSysctls: ReadonlyMap<string, number> = new Map([
  ['kernel.shm_rmid_forced', 0], ['net.ipv4.ip_local_port_range', 0], ['net.ipv4.tcp_syncookies', 0], ['net.ipv4.ping_group_range', 0],
  ['net.ipv4.ip_unprivileged_port_start', 0], ['net.ipv4.ip_local_reserved_ports', 27], ['net.ipv4.tcp_keepalive_time', 29],
  ['net.ipv4.tcp_fin_timeout', 29], ['net.ipv4.tcp_keepalive_intvl', 29], ['net.ipv4.tcp_keepalive_probes', 29],
  ['net.ipv4.tcp_rmem', 32], ['net.ipv4.tcp_wmem', 32],
]);

/** Before it, profiles of seccomp were annotations. */
const knowsSeccompField = 19;
const seccompPrefix = 'seccomp.security.alpha.kubernetes.io/';

const safeSelinuxTypes: readonly string[] = ['', 'container_t', 'container_init_t', 'container_kvm_t'];
const engineSelinuxType = { type: 'container_engine_t', since: 31 };

export const baselineChecks: readonly Check[] = [
  { find: appArmorProfile },
  { find: capabilities, replacedSince: 22 },
  { find: hostNamespaces },
  { find: hostPathVolumes, replacedSince: 0 },
  { find: hostPorts },
  { find: hostProbes, since: 34 },
  { find: privileged },
  { find: procMountOfHostUsers, replacedSince: 35 },
  { find: selinuxOptions },
  { find: seccomp, replacedSince: 19 },
  { find: sysctls },
  { find: windowsHostProcess },
];

const appArmorPrefix = 'container.apparmor.security.beta.kubernetes.io/';

function appArmorProfile(pod: CheckedPod): Violation | undefined {
  const typeOf = (context: unknown): string | undefined => (context as { appArmorProfile?: { type?: string } } | undefined)?.appArmorProfile?.type;
  const bad = (type: string | undefined): type is string => type !== undefined && type !== 'RuntimeDefault' && type !== 'Localhost';
  const setters: string[] = [];
  const values = new Set<string>();
  const ofPod = typeOf(pod.spec.securityContext);
  if (bad(ofPod)) {
    setters.push('pod');
    values.add(ofPod);
  }
  const containers = containersWith(pod, (context) => bad(typeOf(context)));
  if (containers.length > 0) setters.push(nameContainers(containers));
  for (const { securityContext } of pod.containers) {
    const type = typeOf(securityContext);
    if (bad(type)) values.add(type);
  }
  const annotations = Object.entries(pod.metadata.annotations ?? {})
    .filter(([key, value]) => key.startsWith(appArmorPrefix) && value !== '' && value !== 'runtime/default' && !value.startsWith('localhost/'))
    .map(([key, value]) => `${key}=${JSON.stringify(value)}`).sort();
  if (annotations.length > 0) setters.push(plural('annotation', annotations.length));
  if (setters.length === 0) return undefined;
  const wrong = [...[...values].sort(), ...annotations];
  return { reason: `forbidden AppArmor ${plural('profile', wrong.length)}`, detail: `${setters.join(' and ')} must not set AppArmor profile type to ${quoteAll(wrong)}` };
}

function capabilities(pod: CheckedPod): Violation | undefined {
  const added = ({ securityContext }: Container): string[] => (securityContext?.capabilities?.add ?? []).filter((name) => !defaultCapabilities.has(name));
  const containers = pod.containers.filter((container) => added(container).length > 0);
  if (containers.length === 0) return undefined;
  const names = [...new Set(containers.flatMap(added))].sort();
  return {
    reason: 'non-default capabilities',
    detail: `${nameContainers(containers.map(({ name }) => name))} must not include ${quoteAll(names)} in securityContext.capabilities.add`,
  };
}

function hostNamespaces({ spec }: CheckedPod): Violation | undefined {
  const used = (['hostNetwork', 'hostPID', 'hostIPC'] as const).filter((field) => spec[field] === true);
  return used.length === 0 ? undefined : { reason: 'host namespaces', detail: used.map((field) => `${field}=true`).join(', ') };
}

function hostPathVolumes({ spec }: CheckedPod): Violation | undefined {
  const names = (spec.volumes ?? []).filter(({ hostPath }) => hostPath).map(({ name }) => name);
  return names.length === 0 ? undefined : { reason: 'hostPath volumes', detail: `${plural('volume', names.length)} ${quoteAll(names)}` };
}

function hostPorts(pod: CheckedPod): Violation | undefined {
  const portsOf = ({ ports }: Container): number[] => (ports ?? []).flatMap(({ hostPort }) => hostPort || []);
  const containers = pod.containers.filter((container) => portsOf(container).length > 0);
  if (containers.length === 0) return undefined;
  const ports = [...new Set(containers.flatMap(portsOf).map(String))].sort();
  const verb = containers.length === 1 ? 'uses' : 'use';
  return { reason: 'hostPort', detail: `${nameContainers(containers.map(({ name }) => name))} ${verb} ${plural('hostPort', ports.length)} ${ports.join(', ')}` };
}

function hostProbes(pod: CheckedPod): Violation | undefined {
  const hostsOf = ({ livenessProbe, readinessProbe, startupProbe, lifecycle }: Container): string[] =>
    [livenessProbe, readinessProbe, startupProbe, lifecycle?.postStart, lifecycle?.preStop].flatMap((handler) => [handler?.httpGet?.host, handler?.tcpSocket?.host])
      .filter((host): host is string => !!host);
  const containers = pod.containers.filter((container) => hostsOf(container).length > 0);
  if (containers.length === 0) return undefined;
  const hosts = [...new Set(containers.flatMap(hostsOf))].sort();
  const verb = containers.length === 1 ? 'uses' : 'use';
  return { reason: 'probe or lifecycle host', detail: `${nameContainers(containers.map(({ name }) => name).sort())} ${verb} probe or lifecycle ${plural('host', hosts.length)} ${quoteAll(hosts)}` };
}

function privileged(pod: CheckedPod): Violation | undefined {
  const names = containersWith(pod, (context) => context?.privileged === true);
  return names.length === 0 ? undefined : { reason: 'privileged', detail: `${nameContainers(names)} must not set securityContext.privileged=true` };
}

function procMountOfHostUsers(pod: CheckedPod, minor: number): Violation | undefined {
  return minor >= knowsUserNamespaces && hasOwnUsers(pod) ? undefined : procMount(pod);
}

/** Asked by the restricted level of pods with users of their own too. */
export function procMount(pod: CheckedPod): Violation | undefined {
  const bad = (value: string | undefined): value is string => value !== undefined && value !== 'Default';
  const names = containersWith(pod, (context) => bad(context?.procMount));
  if (names.length === 0) return undefined;
  const values = [...new Set(pod.containers.map(({ securityContext }) => securityContext?.procMount).filter(bad))].sort();
  return { reason: 'procMount', detail: `${nameContainers(names)} must not set securityContext.procMount to ${quoteAll(values)}` };
}

interface SelinuxOptions {
  type?: string;
  user?: string;
  role?: string;
}

function selinuxOptions(pod: CheckedPod, minor: number): Violation | undefined {
  const badType = ({ type = '' }: SelinuxOptions): boolean => !safeSelinuxTypes.includes(type) && !(type === engineSelinuxType.type && minor >= engineSelinuxType.since);
  const bad = (options: SelinuxOptions | undefined): options is SelinuxOptions => options !== undefined && (badType(options) || !!options.user || !!options.role);
  const names = containersWith(pod, (context) => bad(context?.seLinuxOptions));
  const wrong = [pod.spec.securityContext?.seLinuxOptions, ...pod.containers.map(({ securityContext }) => securityContext?.seLinuxOptions)].filter(bad);
  if (wrong.length === 0) return undefined;
  const setters = [...(bad(pod.spec.securityContext?.seLinuxOptions) ? ['pod'] : []), ...(names.length > 0 ? [nameContainers(names)] : [])];
  const types = [...new Set(wrong.filter(badType).map(({ type = '' }) => type))].sort();
  const what = [
    ...(types.length > 0 ? [`${plural('type', types.length)} ${quoteAll(types)}`] : []),
    ...(wrong.some(({ user }) => user) ? ['user may not be set'] : []),
    ...(wrong.some(({ role }) => role) ? ['role may not be set'] : []),
  ];
  return { reason: 'seLinuxOptions', detail: `${setters.join(' and ')} set forbidden securityContext.seLinuxOptions: ${what.join('; ')}` };
}

function seccomp(pod: CheckedPod, minor: number): Violation | undefined {
  return minor < knowsSeccompField ? seccompAnnotations(pod) : seccompProfile(pod);
}

function seccompAnnotations({ metadata, containers }: CheckedPod): Violation | undefined {
  const keys = [`${seccompPrefix}pod`, ...containers.map(({ name }) => `container.${seccompPrefix}${name}`)];
  const bad = [...new Set(keys)].flatMap((key) => {
    const value = metadata.annotations?.[key];
    return value === undefined || value === 'runtime/default' || value === 'docker/default' || value.startsWith('localhost/') ? [] : [`${key}=${JSON.stringify(value)}`];
  }).sort();
  return bad.length === 0 ? undefined : { reason: 'seccompProfile', detail: `forbidden ${plural('annotation', bad.length)} ${bad.join(', ')}` };
}

function seccompProfile(pod: CheckedPod): Violation | undefined {
  const bad = (type: string | undefined): type is string => type !== undefined && type !== 'RuntimeDefault' && type !== 'Localhost';
  const ofPod = pod.spec.securityContext?.seccompProfile?.type;
  const names = containersWith(pod, (context) => bad(context?.seccompProfile?.type));
  if (!bad(ofPod) && names.length === 0) return undefined;
  const setters = [...(bad(ofPod) ? ['pod'] : []), ...(names.length > 0 ? [nameContainers(names)] : [])];
  const values = [...new Set([ofPod, ...pod.containers.map(({ securityContext }) => securityContext?.seccompProfile?.type)].filter(bad))].sort();
  return { reason: 'seccompProfile', detail: `${setters.join(' and ')} must not set securityContext.seccompProfile.type to ${quoteAll(values)}` };
}

function sysctls({ spec }: CheckedPod, minor: number): Violation | undefined {
  const forbidden = (spec.securityContext?.sysctls ?? []).map(({ name }) => name).filter((name) => (safeSysctls.get(name) ?? Infinity) > minor);
  return forbidden.length === 0 ? undefined : { reason: 'forbidden sysctls', detail: forbidden.join(', ') };
}

function windowsHostProcess(pod: CheckedPod): Violation | undefined {
  const isSet = (context: unknown): boolean => (context as { windowsOptions?: { hostProcess?: boolean } } | undefined)?.windowsOptions?.hostProcess === true;
  const names = containersWith(pod, isSet);
  const setters = [...(isSet(pod.spec.securityContext) ? ['pod'] : []), ...(names.length > 0 ? [nameContainers(names)] : [])];
  return setters.length === 0 ? undefined : { reason: 'hostProcess', detail: `${setters.join(' and ')} must not set securityContext.windowsOptions.hostProcess=true` };
}
