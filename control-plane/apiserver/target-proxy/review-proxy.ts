import { nodes, pods, services, type Resource } from '../../../api/resources.ts';
import type { AppParts } from '../app-parts.ts';
import { newUnknownResource } from '../error-status.ts';
import type { ResourceRequest } from '../request-info.ts';
import { reviewConnection, type ConnectingUser } from '../review-connection.ts';

const options: Readonly<Record<string, { resource: Resource; kind: string } | undefined>> = {
  [pods.plural]: { resource: pods, kind: 'PodProxyOptions' },
  [services.plural]: { resource: services, kind: 'ServiceProxyOptions' },
  [nodes.plural]: { resource: nodes, kind: 'NodeProxyOptions' },
};

/** Asks admission about a proxied request. @param path of the target, with its query. @throws StatusError when it is refused. */
export async function reviewProxy(parts: AppParts, from: ConnectingUser, info: ResourceRequest, path: string): Promise<void> {
  const known = options[info.resource];
  if (!known) throw newUnknownResource();
  await reviewConnection(parts, from, { resource: known.resource, subresource: 'proxy', info, options: { kind: known.kind, path: path.split('?', 1)[0] } });
}
