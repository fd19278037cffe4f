/** What ConfigMaps, Secrets and the downward API put into files. Follows the payloads of the kubelet's volume plugins. */
import type { ConfigMap, KeyToPath, Pod, Secret } from '../../api/core.ts';
import { podTokenKey, podTokenSources } from '../../api/messaging/pod-tokens.ts';
import { podField, resourceField, type DownwardFacts, type ResourceField } from '../environment/downward-fields.ts';
import { decodeSecretValue } from '../environment/environment.ts';
import type { DesiredState } from '../pods/desired-state.ts';

export type Files = Map<string, { data: Buffer; mode: number; owner?: number }>;

export const defaultFileMode = 0o644;

export interface KeyedSource {
  name: string;
  items: readonly KeyToPath[] | undefined;
  optional: boolean;
  mode: number;
}

export function configMapFiles(source: KeyedSource, namespace: string, state: Pick<DesiredState, 'configMap'>): Files {
  const configMap = state.configMap(namespace, source.name);
  if (!configMap && !source.optional) throw new Error(`configmap ${JSON.stringify(source.name)} not found`);
  return project(source, configMapEntries(configMap), 'configmap references non-existent config key');
}

function configMapEntries(configMap: ConfigMap | undefined): Map<string, Buffer> {
  const entries = new Map<string, Buffer>();
  for (const [key, value] of Object.entries(configMap?.data ?? {})) entries.set(key, Buffer.from(value));
  for (const [key, value] of Object.entries(configMap?.binaryData ?? {})) entries.set(key, Buffer.from(value, 'base64'));
  return entries;
}

export function secretFiles(source: KeyedSource, namespace: string, state: Pick<DesiredState, 'secret'>): Files {
  const secret: Secret | undefined = state.secret(namespace, source.name);
  if (!secret && !source.optional) throw new Error(`secret ${JSON.stringify(source.name)} not found`);
  const entries = new Map(Object.entries(secret?.data ?? {}).map(([key, value]) => [key, decodeSecretValue(value)]));
  return project(source, entries, 'references non-existent secret key');
}

/**
 * The token that the control plane sent along for this volume. Where the pod's containers have one user, or the pod has a
 * group for its files, nobody else may read it, as the kubelet has it.
 */
export function tokenFiles(path: string, volume: string, pod: Pod, { state, mode }: { state: Pick<DesiredState, 'secret'>; mode: number }): Files {
  const source = podTokenSources(pod).find((candidate) => candidate.volume === volume && candidate.path === path);
  const secret = source && state.secret(pod.metadata?.namespace ?? '', source.secretName);
  const token = secret?.data?.[podTokenKey];
  if (!token) throw new Error(`no token of service account ${JSON.stringify(pod.spec?.serviceAccountName ?? 'default')} from the control plane yet`);
  const owner = onlyUser(pod);
  const data = decodeSecretValue(token);
  if (owner === undefined) return new Map([[path, { data, mode: pod.spec?.securityContext?.fsGroup === undefined ? mode : 0o600 }]]);
  return new Map([[path, { data, mode: 0o600, owner }]]);
}

/** The user that all containers of the pod say they run as. */
function onlyUser({ spec }: Pod): number | undefined {
  const users = new Set([...spec?.initContainers ?? [], ...spec?.containers ?? []].map(({ securityContext }) => securityContext?.runAsUser ?? spec?.securityContext?.runAsUser));
  const [first] = users;
  return users.size === 1 ? first : undefined;
}

function project(source: KeyedSource, entries: ReadonlyMap<string, Buffer>, complaint: string): Files {
  const files: Files = new Map();
  if (!source.items?.length) {
    for (const [key, data] of entries) files.set(key, { data, mode: source.mode });
    return files;
  }
  for (const item of source.items) {
    const data = entries.get(item.key);
    if (data) files.set(item.path, { data, mode: item.mode ?? source.mode });
    else if (!source.optional) throw new Error(`${complaint}: ${item.key}`);
  }
  return files;
}

export interface DownwardItem {
  path: string;
  mode?: number | undefined;
  fieldRef?: { fieldPath: string } | undefined;
  resourceFieldRef?: ResourceField | undefined;
}

export function downwardFiles(items: readonly DownwardItem[], mode: number, pod: Pod, facts: DownwardFacts): Files {
  const files: Files = new Map();
  for (const item of items) {
    const text = item.fieldRef
      ? podField(item.fieldRef.fieldPath, pod, facts)
      : item.resourceFieldRef ? resourceField(item.resourceFieldRef, pod, undefined, facts) : '';
    files.set(item.path, { data: Buffer.from(text), mode: item.mode ?? mode });
  }
  return files;
}
