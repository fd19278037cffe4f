/** The ServiceCIDR `kubernetes`: the range that Services get their addresses from. Follows pkg/controlplane/controller/defaultservicecidr. */
import { isNotFound } from '../../../api/errors.ts';
import { serviceCIDRs } from '../../../api/resources.ts';
import type { ApiClient } from '../../../machinery/client.ts';
import { ensureObject } from './ensure-object.ts';

export const defaultServiceCidr = 'kubernetes';

/** Idempotent. The range of an object cannot be changed: with another one there is another object. */
export async function ensureServiceCidr(client: ApiClient, cidr: string): Promise<void> {
  const resource = client.resource(serviceCIDRs);
  try {
    const present = await resource.get(defaultServiceCidr);
    if (present.spec?.cidrs?.[0] !== cidr) {
      // Addresses of the old range hold it, though nobody gets one of them any more.
      await resource.modify(defaultServiceCidr, undefined, ({ metadata, ...copy }) => ({ ...copy, metadata: { ...metadata, finalizers: [] } }));
      await resource.delete(defaultServiceCidr, undefined);
    }
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
  await ensureObject(resource, { metadata: { name: defaultServiceCidr }, spec: { cidrs: [cidr] } }, () => true, (copy) => copy);
}
