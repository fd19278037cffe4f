/** Admission of what writes nothing: connections to pods, services and nodes, requests for tokens, reviews. */
import { attributesOf } from './registry-parts.ts';
import type { RegistryParts } from './registry-parts.ts';
import type { ConnectRequest, RequestContext } from './registry.ts';

/** @throws StatusError when a plugin refuses it. */
export async function reviewConnect(parts: Pick<RegistryParts, 'admission'>, context: RequestContext, connection: ConnectRequest): Promise<void> {
  const { resource, subresource, namespace, name, options, operation = 'CONNECT' } = connection;
  const attributes = attributesOf(context, { operation, resource, subresource, namespace, name, object: options, old: undefined });
  await parts.admission.admit(attributes);
  const review = parts.admission.review(attributes);
  if (review) await review;
  parts.admission.validate(attributes)?.rollback();
}
