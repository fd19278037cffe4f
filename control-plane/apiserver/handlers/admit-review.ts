/** Reviews are created, though kept nowhere: they pass admission as every other object does. */
import type { KubernetesObject } from '../../../api/meta.ts';
import { requestContext, type ResourceCall } from '../app-parts.ts';
import { parseWriteOptions } from '../query-options.ts';

/** @param review decoded and valid; plugins may change it. @throws StatusError when one refuses it. */
export function admitReview(call: ResourceCall, review: KubernetesObject): Promise<void> {
  const { parts, resource, info } = call;
  const context = requestContext(call, parseWriteOptions(call.query, 'CreateOptions'));
  return parts.registry.reviewConnect(context, {
    resource, subresource: undefined, namespace: info.namespace, name: review.metadata?.name ?? '', operation: 'CREATE', options: review,
  });
}
