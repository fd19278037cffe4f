/** Carries a slice plan out. Shared by the controllers of Services and of mirrored Endpoints. */
import type { EndpointSlice } from '../../../api/discovery.ts';
import { isNotFound } from '../../../api/errors.ts';
import type { ResourceClient } from '../../../machinery/client.ts';
import type { SlicePlan } from './plan-slices.ts';

export const serviceNameLabel = 'kubernetes.io/service-name';
export const managedByLabel = 'endpointslice.kubernetes.io/managed-by';
export const headlessLabel = 'service.kubernetes.io/headless';

/**
 * Additions before removals: an endpoint that moves between slices is never in none.
 * @throws StatusError Conflict when a slice was changed since the plan was made.
 */
export async function writeSlices(client: ResourceClient<EndpointSlice>, plan: SlicePlan): Promise<void> {
  for (const slice of plan.create) await client.create(slice);
  for (const slice of plan.update) await client.update(slice);
  for (const slice of plan.remove) {
    const { name = '', namespace, uid } = slice.metadata ?? {};
    try {
      await client.delete(name, namespace, { ...(uid ? { preconditions: { uid } } : {}) });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
}
