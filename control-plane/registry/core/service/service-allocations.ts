/**
 * Gives Services their ClusterIPs and node ports. What is taken lives in memory: it is read from the stored Services at
 * start, and every write takes before it is stored and gives back after, so two writes can never hold the same one.
 */
import type { Service } from '../../../../api/core.ts';
import { newInternalError, newInvalid } from '../../../../api/errors.ts';
import type { StatusError } from '../../../../api/errors.ts';
import { services } from '../../../../api/resources.ts';
import type { Reservation } from '../../strategy.ts';
import type { IpAllocator } from './ip-allocator.ts';
import type { PortAllocator } from './port-allocator.ts';
import { AllocationError } from './range-allocator.ts';
import { allocatesNodePorts, clusterIPsOf, isHeadless, needsClusterIP, needsHealthCheckNodePort, nodePortsOf, portsOf } from './service-needs.ts';

type Release = () => void;

export class ServiceAllocations {
  private readonly addresses: IpAllocator;
  private readonly ports: PortAllocator;
  /** Addresses that others than Services have. */
  private readonly held = new Set<string>();

  constructor(addresses: IpAllocator, ports: PortAllocator) {
    this.addresses = addresses;
    this.ports = ports;
  }

  /** Marks what a stored Service has. @throws AllocationError when it is taken or outside the range. */
  load(service: Service): void {
    for (const address of clusterIPsOf(service)) this.addresses.take(address, ownerOf(service));
    for (const port of nodePortsOf(service)) this.ports.take(port);
  }

  /** The Service is gone: gives back all it had. */
  release(service: Service): void {
    for (const address of clusterIPsOf(service)) this.addresses.release(address);
    for (const port of nodePortsOf(service)) this.ports.release(port);
  }

  /**
   * Keeps an address from Services; one outside of their range they cannot have anyway.
   * @returns gives it back; undefined when somebody has it.
   */
  hold(address: string): Release | undefined {
    if (!this.addresses.contains(address)) return () => {};
    try {
      this.addresses.take(address, '');
    } catch (error) {
      if (!(error instanceof AllocationError)) throw error;
      return undefined;
    }
    this.held.add(address);
    return () => this.letGo(address);
  }

  /** Of an address that is not held nothing happens. */
  letGo(address: string): void {
    if (this.held.delete(address)) this.addresses.release(address);
  }

  /** Writes what it takes into the service. @throws StatusError Invalid when a wish cannot be had; then nothing is taken. */
  reserve(service: Service, old: Service | undefined): Reservation {
    const taken: Release[] = [];
    const rollback = (): void => taken.splice(0).forEach((release) => release());
    try {
      this.reserveClusterIPs(service, old, taken);
      this.reserveNodePorts(service, old, taken);
    } catch (error) {
      rollback();
      throw error;
    }
    return { rollback, commit: () => this.releaseDropped(service, old) };
  }

  private reserveClusterIPs(service: Service, old: Service | undefined, taken: Release[]): void {
    const { spec } = service;
    if (!spec || !needsClusterIP(spec) || isHeadless(spec)) return;
    const had = old ? clusterIPsOf(old) : [];
    const owner = ownerOf(service);
    const take = (address: string): void => {
      this.addresses.take(address, owner);
      taken.push(() => this.addresses.release(address));
    };
    const wanted = spec.clusterIPs?.length ? spec.clusterIPs : undefined;
    try {
      if (wanted) wanted.filter((address) => !had.includes(address)).forEach(take);
      else {
        const address = this.addresses.takeNext(owner);
        taken.push(() => this.addresses.release(address));
        spec.clusterIPs = [address];
      }
    } catch (error) {
      if (!(error instanceof AllocationError)) throw error;
      if (!wanted) throw newInternalError(`failed to allocate a serviceIP: ${error.message}`, error);
      throw refuse(service, 'spec.clusterIPs', JSON.stringify(wanted), `failed to allocate IP ${wanted[0]}: ${error.message}`);
    }
    spec.clusterIP = spec.clusterIPs?.[0];
  }

  private reserveNodePorts(service: Service, old: Service | undefined, taken: Release[]): void {
    const { spec } = service;
    if (!spec) return;
    const held = old ? nodePortsOf(old) : new Set<number>();
    const hold = (port: number): number => {
      held.add(port);
      taken.push(() => this.ports.release(port));
      return port;
    };
    const take = (port: number, field: string): void => {
      if (held.has(port)) return;
      try {
        this.ports.take(port);
      } catch (error) {
        if (!(error instanceof AllocationError)) throw error;
        throw refuse(service, field, String(port), error.message);
      }
      hold(port);
    };
    const next = (): number => {
      try {
        return hold(this.ports.takeNext());
      } catch (error) {
        if (!(error instanceof AllocationError)) throw error;
        throw newInternalError(`failed to allocate a nodePort: ${error.message}`, error);
      }
    };
    portsOf(spec).forEach(({ nodePort }, index) => { if (nodePort) take(nodePort, `spec.ports[${index}].nodePort`); });
    if (allocatesNodePorts(spec)) fillNodePorts(service, next);
    if (!needsHealthCheckNodePort(spec)) return;
    if (spec.healthCheckNodePort) take(spec.healthCheckNodePort, 'spec.healthCheckNodePort');
    else spec.healthCheckNodePort = next();
  }

  private releaseDropped(service: Service, old: Service | undefined): void {
    if (!old) return;
    const addresses = clusterIPsOf(service);
    const ports = nodePortsOf(service);
    for (const address of clusterIPsOf(old)) if (!addresses.includes(address)) this.addresses.release(address);
    for (const port of nodePortsOf(old)) if (!ports.has(port)) this.ports.release(port);
  }
}

/** One number serves the same port of two protocols (DNS over TCP and UDP). */
function fillNodePorts({ spec }: Service, next: () => number): void {
  const byPort = new Map<number, { nodePort: number; protocols: Set<string | undefined> }>();
  for (const { port, nodePort, protocol } of portsOf(spec)) {
    if (nodePort && !byPort.has(port)) byPort.set(port, { nodePort, protocols: new Set([protocol]) });
    else if (nodePort) byPort.get(port)?.protocols.add(protocol);
  }
  for (const port of portsOf(spec)) {
    if (port.nodePort) continue;
    const shared = byPort.get(port.port);
    if (shared && !shared.protocols.has(port.protocol)) {
      port.nodePort = shared.nodePort;
      shared.protocols.add(port.protocol);
      continue;
    }
    port.nodePort = next();
    byPort.set(port.port, { nodePort: port.nodePort, protocols: new Set([port.protocol]) });
  }
}

function ownerOf(service: Service): string {
  return `${service.metadata?.namespace}/${service.metadata?.name}`;
}

function refuse(service: Service, field: string, value: string, why: string): StatusError {
  return newInvalid(services, service.metadata?.name ?? '', [{ reason: 'FieldValueInvalid', field, message: `Invalid value: ${value}: ${why}` }]);
}
