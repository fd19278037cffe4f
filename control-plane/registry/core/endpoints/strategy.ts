/** Endpoints. Follows pkg/registry/core/endpoint. */
import type { Endpoints } from '../../../../api/core.ts';
import { endpoints } from '../../../../api/resources.ts';
import { plainStrategy } from '../../strategy.ts';
import type { Strategy } from '../../strategy.ts';
import { defaultEndpoints } from './defaults.ts';
import { validateEndpoints, validateEndpointsUpdate } from './validation.ts';

export const endpointsStrategy: Strategy<Endpoints> = {
  ...plainStrategy,
  resource: endpoints,
  allowCreateOnUpdate: true,
  defaults: defaultEndpoints,
  validate: validateEndpoints,
  validateUpdate: validateEndpointsUpdate,
};
