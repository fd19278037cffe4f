/** ConfigMaps. Follows pkg/registry/core/configmap. */
import type { ConfigMap } from '../../../../api/core.ts';
import { configMaps } from '../../../../api/resources.ts';
import { plainStrategy } from '../../strategy.ts';
import type { Strategy } from '../../strategy.ts';
import { validateConfigMap, validateConfigMapUpdate } from './validation.ts';

export const configMapStrategy: Strategy<ConfigMap> = {
  ...plainStrategy,
  resource: configMaps,
  validate: validateConfigMap,
  validateUpdate: validateConfigMapUpdate,
};
