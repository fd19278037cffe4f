/**
 * The board's pod network: one Docker bridge network on the board's pod CIDR, a blackhole under the cluster's range (so
 * that packets to a pod nobody has do not leave by the default route), and the packet rules.
 */
import type { BoardNetwork } from '../../api/messaging/messages.ts';
import type { Logger } from '../../machinery/logger.ts';
import type { DockerClient } from '../docker/docker-client.ts';
import { alreadyDone, engineMessage, isConflict, isNotFound } from '../docker/errors.ts';
import { agentFilter, labels } from '../docker/labels.ts';
import { applyPacketRules, removePacketRules } from './packet-rules.ts';
import { NetworkError, type PodNetwork } from './pod-network.ts';
import { CommandError, type RunCommand } from './run-command.ts';

export interface DockerNetworkOptions {
  client: DockerClient;
  logger: Logger;
  agentId: string;
  /** Docker's name of the network. */
  name: string;
  /** Interface on the board. */
  bridge: string;
  run: RunCommand;
}

const labelClusterCIDR = 'dev.bramble.cluster-cidr';
/** Below any real route. */
const blackholeMetric = '4278198272';

export class DockerNetwork implements PodNetwork {
  private readonly options: DockerNetworkOptions;
  /** The network that was set up, as text; setting up runs once for all pods that wait for it. */
  private current: { key: string; done: Promise<void> } | undefined;
  private isUp = false;

  constructor(options: DockerNetworkOptions) {
    this.options = options;
  }

  /** Whether pods can have addresses now. */
  get up(): boolean {
    return this.isUp;
  }

  async ready(network: BoardNetwork | undefined): Promise<void> {
    if (!network) throw new NetworkError('network is not ready: the board has not been told its pod network yet');
    const key = JSON.stringify(network);
    if (this.current?.key !== key) {
      const done = this.setUp(network);
      this.current = { key, done };
      done.then(() => { this.isUp = true; }, () => { this.current = undefined; });
    }
    await this.current.done;
  }

  async remove(): Promise<void> {
    const { client, agentId, run, bridge } = this.options;
    this.current = undefined;
    this.isUp = false;
    // The rules and routes first: they are ours alone, and gone also when Docker will not let go of the network.
    await removePacketRules({ run, bridge });
    for (const network of await client.listNetworks({ label: [agentFilter(agentId)] })) {
      const range = network.Labels?.[labelClusterCIDR];
      if (range) await this.removeBlackhole(range);
      try {
        await alreadyDone(client.removeNetwork(network.Id));
      } catch (error) {
        // Docker 20.10 can lose count of a network's endpoints when many containers go at once.
        throw new NetworkError(`Docker keeps the network ${network.Name}: ${engineMessage(error)}; restart dockerd and run this again`, { cause: error });
      }
    }
  }

  private async setUp(network: BoardNetwork): Promise<void> {
    try {
      await this.ensureNetwork(network);
      await this.options.run('ip', 'route', 'replace', 'blackhole', network.clusterCIDR, 'metric', blackholeMetric);
      await applyPacketRules(this.options, network);
    } catch (error) {
      throw error instanceof NetworkError ? error : new NetworkError(`network is not ready: ${engineMessage(error)}`, { cause: error });
    }
    this.options.logger.info('pod network is up', { bridge: this.options.bridge, podCIDR: network.podCIDR });
  }

  private async ensureNetwork(network: BoardNetwork): Promise<void> {
    const { client, name } = this.options;
    try {
      const existing = await client.inspectNetwork(name);
      if (existing.IPAM?.Config?.[0]?.Subnet === network.podCIDR) return;
      await this.replace(existing.Id);
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
    try {
      await client.createNetwork(this.specification(network));
    } catch (error) {
      if (!isConflict(error)) throw error;
    }
  }

  /** The board got another pod CIDR: only possible when no pod of the old one is left. */
  private async replace(id: string): Promise<void> {
    try {
      await this.options.client.removeNetwork(id);
    } catch (error) {
      if (isNotFound(error)) return;
      throw new NetworkError(`network is not ready: the network ${this.options.name} has another range and is in use; run "bramble down" to remove its pods`, { cause: error });
    }
  }

  private specification(network: BoardNetwork) {
    return {
      Name: this.options.name,
      Driver: 'bridge',
      CheckDuplicate: true,
      IPAM: { Driver: 'default', Config: [{ Subnet: network.podCIDR }] },
      Options: {
        'com.docker.network.bridge.name': this.options.bridge,
        // Docker's own rule would also hide pods from each other behind their board's address (packet-rules.ts).
        'com.docker.network.bridge.enable_ip_masquerade': 'false',
        'com.docker.network.bridge.enable_icc': 'true',
      },
      Labels: { [labels.agent]: this.options.agentId, [labelClusterCIDR]: network.clusterCIDR },
    };
  }

  private async removeBlackhole(range: string): Promise<void> {
    try {
      await this.options.run('ip', 'route', 'del', 'blackhole', range, 'metric', blackholeMetric);
    } catch (error) {
      // 2 is ip's answer for a route that is not there.
      if (!(error instanceof CommandError) || error.exitCode !== 2) throw error;
    }
  }
}
