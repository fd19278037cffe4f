/**
 * The way to a Service for a control plane that need not be on the pod network: to one of its ready endpoints, to a pod
 * through its board, to any other address directly. Counterpart of k8s.io/apiserver/pkg/util/proxy: ResolveEndpoint.
 */
import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Pod, Service } from '../../../api/core.ts';
import { endpointSlices, pods, services } from '../../../api/resources.ts';
import type { AdmissionStore } from '../admission-store.ts';
import type { ServiceDialer } from './webhook-client.ts';

export interface ServiceDialerOptions {
  store: Pick<AdmissionStore, 'get' | 'list'>;
  /** Absent: pods are dialled at their addresses. */
  openPort?: ((pod: Pod, port: number) => Promise<Duplex>) | undefined;
  /** 0 <= x < 1. */
  random: () => number;
}

interface Endpoint {
  address: string;
  port: number;
  pod: Pod | undefined;
}

const serviceNameLabel = 'kubernetes.io/service-name';
const connectTimeoutMs = 10_000;

/** @returns a dialer that throws when the Service, its port or a ready endpoint is missing. */
export function createServiceDialer({ store, openPort, random }: ServiceDialerOptions): ServiceDialer {
  return async ({ namespace, name, port }) => {
    const service = store.get(services, namespace, name);
    if (!service) throw new Error(`service ${JSON.stringify(name)} not found`);
    if (service.spec?.type === 'ExternalName') return dialAddress(service.spec.externalName ?? '', port);
    const endpoints = findEndpoints(store, service, port);
    const chosen = endpoints[Math.floor(random() * endpoints.length)];
    if (!chosen) throw new Error(`no endpoints available for service ${JSON.stringify(name)}`);
    return chosen.pod && openPort ? openPort(chosen.pod, chosen.port) : dialAddress(chosen.address, chosen.port);
  };
}

/** @throws Error when the Service has no such port. */
function findEndpoints(store: ServiceDialerOptions['store'], service: Service, port: number): Endpoint[] {
  const { namespace = '', name = '' } = service.metadata ?? {};
  const servicePort = service.spec?.ports?.find((candidate) => candidate.port === port);
  if (!servicePort) throw new Error(`no service port ${port} found for service ${JSON.stringify(name)}`);
  const slices = store.list(endpointSlices, namespace).filter(({ metadata }) => metadata?.labels?.[serviceNameLabel] === name);
  return slices.flatMap(({ ports, endpoints }) => {
    const target = ports?.find((candidate) => (candidate.name ?? '') === (servicePort.name ?? ''))?.port;
    if (target === undefined) return [];
    return endpoints.filter(({ conditions }) => conditions?.ready !== false).flatMap(({ addresses, targetRef }) => {
      const pod = targetRef?.kind === 'Pod' && targetRef.name ? store.get(pods, targetRef.namespace ?? namespace, targetRef.name) : undefined;
      return addresses.slice(0, 1).map((address): Endpoint => ({ address, port: target, pod }));
    });
  });
}

function dialAddress(host: string, port: number): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port });
    const timer = setTimeout(() => { socket.destroy(new Error(`dial tcp ${host}:${port}: i/o timeout`)); }, connectTimeoutMs);
    socket.once('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    socket.once('connect', () => {
      clearTimeout(timer);
      socket.removeAllListeners('error');
      socket.setNoDelay(true);
      resolve(socket);
    });
  });
}
