/** EndpointSlices. Follows pkg/registry/discovery/endpointslice. */
import type { EndpointSlice } from '../../../../api/discovery.ts';
import { endpointSlices } from '../../../../api/resources.ts';
import { deepEqual } from '../../deep-equal.ts';
import { plainStrategy } from '../../strategy.ts';
import type { Strategy } from '../../strategy.ts';
import { defaultEndpointSlice } from './defaults.ts';
import { validateEndpointSlice, validateEndpointSliceUpdate } from './validation.ts';

export const endpointSliceStrategy: Strategy<EndpointSlice> = {
  ...plainStrategy,
  resource: endpointSlices,
  defaults: defaultEndpointSlice,
  validate: validateEndpointSlice,
  validateUpdate: validateEndpointSliceUpdate,
  generationChanged: (slice, old) => !deepEqual({ ...slice, metadata: slice.metadata?.labels ?? {} }, { ...old, metadata: old.metadata?.labels ?? {} }),
};
