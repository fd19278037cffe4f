import type { Lease } from '../../api/coordination.ts';
import type { Node } from '../../api/core.ts';
import { isAlreadyExists, isNotFound } from '../../api/errors.ts';
import { leases } from '../../api/resources.ts';
import type { ApiClient, ResourceClient } from '../../machinery/client.ts';
import { microTimestamp, type Clock } from '../../machinery/clock.ts';

export const nodeLeaseNamespace = 'kube-node-lease';
const leaseDurationSeconds = 40;

/** A heartbeat becomes a renewed Lease, as kubelets write it. The storage keeps renewals in memory only. */
export class NodeLeases {
  private readonly client: ResourceClient<Lease>;
  private readonly clock: Clock;

  constructor({ client, clock }: { client: ApiClient; clock: Clock }) {
    this.client = client.resource(leases);
    this.clock = clock;
  }

  async renew(node: Node): Promise<void> {
    const name = node.metadata?.name ?? '';
    const renewTime = microTimestamp(this.clock.now());
    try {
      await this.client.modify(name, nodeLeaseNamespace, (lease) => ({
        ...lease, spec: { ...lease.spec, holderIdentity: name, leaseDurationSeconds, renewTime },
      }));
    } catch (error) {
      if (!isNotFound(error)) throw error;
      await this.create(node, name, renewTime);
    }
  }

  private async create(node: Node, name: string, renewTime: string): Promise<void> {
    const ownerReferences = [{ apiVersion: 'v1', kind: 'Node', name, uid: node.metadata?.uid ?? '' }];
    try {
      await this.client.create({
        apiVersion: 'coordination.k8s.io/v1', kind: 'Lease',
        metadata: { name, namespace: nodeLeaseNamespace, ownerReferences },
        spec: { holderIdentity: name, leaseDurationSeconds, renewTime },
      });
    } catch (error) {
      // Two heartbeats at once: the other one has renewed it.
      if (!isAlreadyExists(error)) throw error;
    }
  }
}
