/** The IPAddresses that the cluster makes for its Services. Follows pkg/registry/core/service/ipallocator. */
import { isIPv4 } from 'node:net';
import type { Service } from '../../../../api/core.ts';
import type { IPAddress } from '../../../../api/networking.ts';

const managedBy = 'ipaddress.kubernetes.io/managed-by';
const allocator = 'ipallocator.k8s.io';

export function isOfService({ metadata }: IPAddress): boolean {
  return metadata?.labels?.[managedBy] === allocator;
}

export function addressOfService(address: string, { metadata }: Service): IPAddress {
  return {
    metadata: { name: address, labels: { 'ipaddress.kubernetes.io/ip-family': isIPv4(address) ? 'IPv4' : 'IPv6', [managedBy]: allocator } },
    spec: { parentRef: { group: '', resource: 'services', namespace: metadata?.namespace ?? '', name: metadata?.name ?? '' } },
  };
}

export function belongsTo({ spec }: IPAddress, { metadata }: Service): boolean {
  const { group = '', resource, namespace, name } = spec?.parentRef ?? {};
  return group === '' && resource === 'services' && namespace === metadata?.namespace && name === metadata?.name;
}
