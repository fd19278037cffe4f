import type { ConfigMap } from '../../../api/core.ts';

/** An object to store, told apart by its value. */
export function makeConfigMap(name: string, value = '', namespace = 'default'): ConfigMap {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace, name }, data: { value } };
}

export function configMapKey(name: string, namespace = 'default'): string {
  return `core/configmaps/${namespace}/${name}`;
}
