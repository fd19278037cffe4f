/** Which ConfigMaps and Secrets a pod names: environment, volumes and image pull secrets. */
import type { Container, Pod, Volume } from '../../api/core.ts';
import { podTokenSources } from '../../api/messaging/pod-tokens.ts';

export interface PodReferences {
  /** Names in the pod's namespace. */
  configMaps: ReadonlySet<string>;
  secrets: ReadonlySet<string>;
}

export function podReferences(pod: Pod): PodReferences {
  const configMaps = new Set<string>();
  const secrets = new Set<string>();
  for (const container of containersOf(pod)) {
    for (const source of container.envFrom ?? []) {
      add(configMaps, source.configMapRef?.name);
      add(secrets, source.secretRef?.name);
    }
    for (const variable of container.env ?? []) {
      add(configMaps, variable.valueFrom?.configMapKeyRef?.name);
      add(secrets, variable.valueFrom?.secretKeyRef?.name);
    }
  }
  for (const volume of pod.spec?.volumes ?? []) addVolume(volume, configMaps, secrets);
  for (const { secretName } of podTokenSources(pod)) secrets.add(secretName);
  for (const reference of pod.spec?.imagePullSecrets ?? []) add(secrets, reference.name);
  return { configMaps, secrets };
}

function addVolume(volume: Volume, configMaps: Set<string>, secrets: Set<string>): void {
  add(configMaps, volume.configMap?.name);
  add(secrets, volume.secret?.secretName);
  for (const source of volume.projected?.sources ?? []) {
    add(configMaps, source.configMap?.name);
    add(secrets, source.secret?.name);
  }
}

function containersOf(pod: Pod): Pick<Container, 'env' | 'envFrom'>[] {
  return [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? []), ...(pod.spec?.ephemeralContainers ?? [])];
}

function add(names: Set<string>, name: string | undefined): void {
  if (name) names.add(name);
}
