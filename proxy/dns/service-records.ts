/**
 * Services and EndpointSlices → the names of the cluster, by the specification "DNS-Based Service Discovery" of Kubernetes
 * (github.com/kubernetes/dns, docs/specification.md), version 1.1.0. Pure; made anew at every change.
 */
import type { Service } from '../../api/core.ts';
import type { EndpointSlice } from '../../api/discovery.ts';
import { slicesByService } from '../service-plan.ts';

export interface ServiceTarget {
  priority: number;
  weight: number;
  port: number;
  target: string;
}

/** Everything known about one name; an empty record set is a name that exists without such records (NODATA). */
export interface NameRecords {
  a: string[];
  srv: ServiceTarget[];
  cname?: string;
}

export interface ClusterRecords {
  /** By name in lower case, without the final dot. */
  names: ReadonlyMap<string, NameRecords>;
  /** By address: names for PTR. */
  pointers: ReadonlyMap<string, string>;
}

export function makeClusterRecords(input: { services: readonly Service[]; endpointSlices: readonly EndpointSlice[]; clusterDomain: string }): ClusterRecords {
  const zone = new Zone(input.clusterDomain.toLowerCase());
  const slices = slicesByService(input.endpointSlices);
  for (const service of input.services) {
    const namespace = service.metadata?.namespace ?? '';
    const name = service.metadata?.name ?? '';
    const owner = `${name}.${namespace}.svc.${zone.domain}`;
    if (service.spec?.type === 'ExternalName') zone.alias(owner, service.spec.externalName ?? '');
    else if (service.spec?.clusterIP === 'None') addHeadless(zone, owner, service, slices.get(`${namespace}/${name}`) ?? []);
    else if (service.spec?.clusterIP) addClusterIP(zone, owner, service, service.spec.clusterIP);
  }
  zone.text(`dns-version.${zone.domain}`);
  return zone;
}

class Zone implements ClusterRecords {
  readonly names = new Map<string, NameRecords>();
  readonly pointers = new Map<string, string>();
  readonly domain: string;

  constructor(domain: string) {
    this.domain = domain;
    this.at(domain);
  }

  address(name: string, address: string): void {
    const records = this.at(name);
    if (!records.a.includes(address)) records.a.push(address);
  }

  service(name: string, target: ServiceTarget): void {
    const records = this.at(name);
    if (!records.srv.some((other) => other.port === target.port && other.target === target.target)) records.srv.push(target);
  }

  alias(name: string, target: string): void {
    this.at(name).cname = target.replace(/\.$/, '').toLowerCase();
  }

  text(name: string): void {
    this.at(name);
  }

  /** @param chosen a name that somebody gave comes before one made of the address. */
  pointer(address: string, name: string, chosen: boolean): void {
    if (chosen || !this.pointers.has(address)) this.pointers.set(address, name);
  }

  /** The records of a name. Names above it exist too, as empty non-terminals. */
  private at(name: string): NameRecords {
    const key = name.toLowerCase();
    let records = this.names.get(key);
    if (!records) {
      records = { a: [], srv: [] };
      this.names.set(key, records);
      const parent = key.slice(key.indexOf('.') + 1);
      if (key !== this.domain && parent.endsWith(this.domain)) this.at(parent);
    }
    return records;
  }
}

function addClusterIP(zone: Zone, owner: string, service: Service, clusterIP: string): void {
  zone.address(owner, clusterIP);
  zone.pointer(clusterIP, owner, true);
  for (const port of service.spec?.ports ?? []) {
    if (!port.name) continue;
    zone.service(`_${port.name}._${(port.protocol ?? 'TCP').toLowerCase()}.${owner}`, { priority: 0, weight: 100, port: port.port, target: owner });
  }
}

/** Headless: the addresses of the endpoints themselves, and a name for each. */
function addHeadless(zone: Zone, owner: string, service: Service, slices: readonly EndpointSlice[]): void {
  zone.text(owner);
  const withUnready = service.spec?.publishNotReadyAddresses === true;
  for (const slice of slices) {
    for (const endpoint of slice.endpoints) {
      if (endpoint.conditions?.ready === false && !withUnready) continue;
      for (const address of endpoint.addresses) {
        const host = `${endpoint.hostname ?? address.replaceAll('.', '-')}.${owner}`;
        zone.address(owner, address);
        zone.address(host, address);
        zone.pointer(address, host, endpoint.hostname !== undefined);
        for (const port of slice.ports ?? []) {
          if (!port.name || port.port === undefined) continue;
          zone.service(`_${port.name}._${(port.protocol ?? 'TCP').toLowerCase()}.${owner}`, { priority: 0, weight: 100, port: port.port, target: host });
        }
      }
    }
  }
}
