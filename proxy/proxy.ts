/** The proxy process: Service addresses and cluster DNS of one board. */
import { join } from 'node:path';
import type { Clock } from '../machinery/clock.ts';
import type { Logger } from '../machinery/logger.ts';
import { readBoardCredentials } from '../machinery/nats/board-credentials.ts';
import { connectBoard } from '../machinery/nats/connect.ts';
import { DnsServer } from './dns/dns-server.ts';
import { makeClusterRecords } from './dns/service-records.ts';
import { Upstream } from './dns/upstream.ts';
import { KernelPath } from './kernel/kernel-path.ts';
import { NetworkView } from './network-view.ts';
import { ServiceGuard } from './service-guard.ts';
import { planPortals } from './service-plan.ts';
import { ensureServiceRoutes } from './service-routes.ts';
import { Proxier } from './userspace/proxier.ts';

export interface ProxyOptions {
  dataDir: string;
  /** The Node's name. */
  boardName: string;
  credentialsFile: string;
  clusterCIDR: string;
  serviceCIDR: string;
  clusterDomain: string;
}

export interface RunningProxy {
  stop(): Promise<void>;
}

/** Resolves when Service addresses of the last known state and DNS are served. Rejects when the board refuses (routes, port 53). */
export async function startProxy(options: ProxyOptions, dependencies: { clock: Clock; logger: Logger; random: () => number }): Promise<RunningProxy> {
  const { clock, logger } = dependencies;
  const credentials = await readBoardCredentials(options.credentialsFile);
  await ensureServiceRoutes(options.serviceCIDR);
  const dnsAddress = clusterDnsAddress(options.serviceCIDR);

  const connection = connectBoard(credentials, dependencies);
  const view = new NetworkView({ connection, boardName: options.boardName, checkpointFile: join(options.dataDir, 'proxy', 'network-state.json'), clock, logger });
  const kernelPath = new KernelPath({ serviceCIDR: options.serviceCIDR, logger });
  let records = makeClusterRecords({ services: [], endpointSlices: [], clusterDomain: options.clusterDomain });
  const guard = new ServiceGuard({ serviceCIDR: options.serviceCIDR, clock, logger });
  const proxier = new Proxier({ clock, logger, carrier: kernelPath, onServed: (ports) => guard.set('services', ports) });
  const refresh = async (): Promise<void> => {
    const [services, endpointSlices] = [view.services(), view.endpointSlices()];
    records = makeClusterRecords({ services, endpointSlices, clusterDomain: options.clusterDomain });
    await proxier.reconcile(planPortals({ services, endpointSlices, boardName: options.boardName, reservedAddresses: [dnsAddress] }));
    await guard.sever(kernelPath.severed(new Set(endpointSlices.flatMap((slice) => slice.endpoints).flatMap(({ addresses }) => addresses))));
  };
  const dns = new DnsServer({
    address: dnsAddress, port: 53, clock, logger,
    zone: { clusterDomain: options.clusterDomain, reverseCIDRs: [options.serviceCIDR, options.clusterCIDR] },
    records: () => records,
    upstream: new Upstream({ resolvConf: '/etc/resolv.conf', exclude: [dnsAddress], clock, random: dependencies.random }),
  });

  view.onChange(() => void refresh());
  await view.start();
  await refresh();
  await dns.start();
  const { udp, tcp } = dns.ports;
  await guard.set('dns', [{ protocol: 'UDP', ip: dnsAddress, port: 53, listensOn: udp }, { protocol: 'TCP', ip: dnsAddress, port: 53, listensOn: tcp }]);
  logger.info('serving Services and DNS', { serviceCIDR: options.serviceCIDR, dns: dnsAddress });
  return {
    async stop() {
      await dns.stop();
      await view.stop();
      await proxier.stop();
      guard.stop();
      await connection.close();
    },
  };
}

/** The tenth address of the range, as k3s and kubeadm have it. */
export function clusterDnsAddress(serviceCIDR: string): string {
  const octets = serviceCIDR.split('/')[0]!.split('.').map(Number);
  octets[3] = octets[3]! + 10;
  return octets.join('.');
}
