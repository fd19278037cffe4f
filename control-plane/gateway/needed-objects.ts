/** What a board may see: what its pods name, and nothing else. */
import type { Container, Pod, Service, Volume } from '../../api/core.ts';
import { objectKey } from '../../api/meta.ts';

/** Keys are `namespace/name`. */
export interface NeededObjects {
  configMaps: ReadonlySet<string>;
  secrets: ReadonlySet<string>;
  /** Namespaces whose Services become environment variables. */
  namespaces: ReadonlySet<string>;
}

/** Key of the Service whose variables every pod has, whatever its namespace. */
export const apiServerService = 'default/kubernetes';

/** Whether the variables of some pod come from this Service. */
export function isServiceNeeded({ namespaces }: NeededObjects, service: Service): boolean {
  return namespaces.has(service.metadata?.namespace ?? '') || (namespaces.size > 0 && objectKey(service) === apiServerService);
}

/** From environment, volumes (also projected ones) and image pull secrets of all containers. Optional references count too. */
export function objectsNeededBy(pods: readonly Pod[]): NeededObjects {
  const configMaps = new Set<string>();
  const secrets = new Set<string>();
  const namespaces = new Set<string>();
  for (const pod of pods) {
    const namespace = pod.metadata?.namespace ?? '';
    namespaces.add(namespace);
    const collect: Collect = {
      configMap: (name) => { if (name) configMaps.add(`${namespace}/${name}`); },
      secret: (name) => { if (name) secrets.add(`${namespace}/${name}`); },
    };
    const { initContainers = [], containers = [], ephemeralContainers = [], volumes = [], imagePullSecrets = [] } = pod.spec ?? {};
    for (const container of [...initContainers, ...containers, ...ephemeralContainers]) collectFromContainer(container, collect);
    for (const volume of volumes) collectFromVolume(volume, collect);
    for (const { name } of imagePullSecrets) collect.secret(name);
  }
  return { configMaps, secrets, namespaces };
}

interface Collect {
  configMap(name: string | undefined): void;
  secret(name: string | undefined): void;
}

function collectFromContainer({ env = [], envFrom = [] }: Pick<Container, 'env' | 'envFrom'>, collect: Collect): void {
  for (const { valueFrom } of env) {
    collect.configMap(valueFrom?.configMapKeyRef?.name);
    collect.secret(valueFrom?.secretKeyRef?.name);
  }
  for (const { configMapRef, secretRef } of envFrom) {
    collect.configMap(configMapRef?.name);
    collect.secret(secretRef?.name);
  }
}

function collectFromVolume({ configMap, secret, projected }: Volume, collect: Collect): void {
  collect.configMap(configMap?.name);
  collect.secret(secret?.secretName);
  for (const source of projected?.sources ?? []) {
    collect.configMap(source.configMap?.name);
    collect.secret(source.secret?.name);
  }
}
