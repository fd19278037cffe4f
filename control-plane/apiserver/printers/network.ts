/** Services, Endpoints and EndpointSlices. */
import type { Endpoints, Service } from '../../../api/core.ts';
import type { EndpointSlice } from '../../../api/discovery.ts';
import { age } from './human-duration.ts';
import { formatLabels, none } from './labels.ts';
import { ageColumn, column, nameColumn, wideColumn, type Printer } from './printer.ts';

/** Entries that a cell shows before it counts the rest. */
const shown = 3;

export const servicePrinter: Printer<Service> = {
  columns: [
    nameColumn,
    column('Type', { description: 'How the Service is exposed.' }),
    column('Cluster-IP', { description: 'Address of the Service inside the cluster.' }),
    column('External-IP', { description: 'Addresses of the Service outside the cluster.' }),
    column('Port(s)', { description: 'Ports the Service listens on.' }),
    ageColumn,
    wideColumn('Selector', 'Which pods serve it.'),
  ],
  cells: (service, now) => [
    service.metadata?.name ?? '', service.spec?.type ?? '', (service.spec?.clusterIPs?.[0] ?? service.spec?.clusterIP) || none,
    externalAddress(service), servicePorts(service), age(service.metadata?.creationTimestamp, now), formatLabels(service.spec?.selector),
  ],
};

function externalAddress({ spec, status }: Service): string {
  const external = spec?.externalIPs ?? [];
  switch (spec?.type) {
    case 'ExternalName': return spec.externalName ?? '';
    case 'LoadBalancer': {
      const ingress = [...new Set((status?.loadBalancer?.ingress ?? []).map((entry) => entry.ip || entry.hostname || '').filter((text) => text !== ''))].sort();
      return [...ingress, ...external].join(',') || '<pending>';
    }
    default: return external.join(',') || none;
  }
}

function servicePorts({ spec }: Service): string {
  const texts = (spec?.ports ?? []).map(({ port, nodePort, protocol = 'TCP' }) => (nodePort ? `${port}:${nodePort}/${protocol}` : `${port}/${protocol}`));
  return texts.join(',') || none;
}

export const endpointsPrinter: Printer<Endpoints> = {
  columns: [nameColumn, column('Endpoints', { description: 'Addresses that serve it.' }), ageColumn],
  cells: (endpoints, now) => [endpoints.metadata?.name ?? '', formatEndpoints(endpoints), age(endpoints.metadata?.creationTimestamp, now)],
};

function formatEndpoints({ subsets }: Endpoints): string {
  const all = (subsets ?? []).flatMap(({ addresses = [], ports = [] }) => (ports.length === 0
    ? addresses.map((address) => address.ip)
    : ports.flatMap((port) => addresses.map((address) => joinHostPort(address.ip, port.port)))));
  return shorten(all, none);
}

function joinHostPort(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

export const endpointSlicePrinter: Printer<EndpointSlice> = {
  columns: [
    nameColumn,
    column('AddressType', { description: 'IPv4, IPv6 or FQDN.' }),
    column('Ports', { description: 'Ports of each endpoint.' }),
    column('Endpoints', { description: 'Addresses of the endpoints.' }),
    ageColumn,
  ],
  cells: (slice, now) => [
    slice.metadata?.name ?? '', slice.addressType,
    shorten((slice.ports ?? []).map((port) => (port.port === undefined ? port.name || '*' : String(port.port))), '<unset>'),
    shorten(slice.endpoints.flatMap((endpoint) => endpoint.addresses), '<unset>'),
    age(slice.metadata?.creationTimestamp, now),
  ],
};

function shorten(all: readonly string[], empty: string): string {
  if (all.length === 0) return empty;
  const text = all.slice(0, shown).join(',');
  return all.length > shown ? `${text} + ${all.length - shown} more...` : text;
}
