import type { Node, NodeStatus } from '../../api/core.ts';
import { isAlreadyExists, isNotFound } from '../../api/errors.ts';
import type { BoardNetwork, RegisterReply, RegisterRequest } from '../../api/messaging/messages.ts';
import { nodes } from '../../api/resources.ts';
import type { ApiClient, ResourceClient } from '../../machinery/client.ts';
import type { Clock } from '../../machinery/clock.ts';
import type { Informer } from '../../machinery/informer.ts';
import { mergeNodeMetadata, mergeNodeStatus, newNode } from './node-status.ts';

export interface NodeRegistrationOptions {
  client: ApiClient;
  nodes: Informer<Node>;
  clock: Clock;
  /** What is the same for every board. */
  network: Omit<BoardNetwork, 'podCIDR'>;
}

/** The node IPAM controller answers a new Node within milliseconds; a board asks again after this. */
const podCidrWaitMs = 8_000;

/** Creates a board's Node, or brings it up to date, as a kubelet does at its start. */
export class NodeRegistration {
  private readonly client: ResourceClient<Node>;
  private readonly options: NodeRegistrationOptions;
  private readonly waiting = new Map<string, Set<(podCIDR: string) => void>>();

  constructor(options: NodeRegistrationOptions) {
    this.options = options;
    this.client = options.client.resource(nodes);
    const tell = ({ metadata, spec }: Node): void => {
      if (!spec?.podCIDR) return;
      for (const resolve of this.waiting.get(metadata?.name ?? '') ?? []) resolve(spec.podCIDR);
    };
    options.nodes.addHandler({ added: tell, updated: (_previous, current) => tell(current), deleted: () => {} });
  }

  /** @throws StatusError when the Node is refused. */
  async register(board: string, request: RegisterRequest): Promise<RegisterReply> {
    const name = request.node.metadata?.name;
    if (name !== board) return { error: `the credentials are those of board "${board}", the node is named "${name}"` };
    await this.ensureNode(board, request.node);
    const podCIDR = await this.podCidr(board);
    if (podCIDR === undefined) return { error: `node "${board}" has got no pod CIDR yet; is the cluster CIDR exhausted?` };
    return { network: { ...this.options.network, podCIDR } };
  }

  /** @returns false when the Node does not exist: the board must register. */
  async updateStatus(board: string, status: NodeStatus): Promise<boolean> {
    try {
      await this.client.modify(board, undefined, (node) => mergeNodeStatus(node, status), 'status');
      return true;
    } catch (error) {
      if (isNotFound(error)) return false;
      throw error;
    }
  }

  private async ensureNode(board: string, reported: Node): Promise<void> {
    if (!this.options.nodes.get(board)) {
      try {
        await this.client.create(newNode(board, reported));
        return;
      } catch (error) {
        if (!isAlreadyExists(error)) throw error;
      }
    }
    await this.client.modify(board, undefined, (node) => mergeNodeMetadata(node, reported));
    if (reported.status) await this.updateStatus(board, reported.status);
  }

  private podCidr(board: string): Promise<string | undefined> {
    const present = this.options.nodes.get(board)?.spec?.podCIDR;
    if (present) return Promise.resolve(present);
    return new Promise((resolve) => {
      const resolvers = this.waiting.get(board) ?? new Set();
      this.waiting.set(board, resolvers);
      const settle = (podCIDR: string | undefined): void => {
        timer.cancel();
        resolvers.delete(settle);
        if (resolvers.size === 0) this.waiting.delete(board);
        resolve(podCIDR);
      };
      const timer = this.options.clock.after(podCidrWaitMs, () => settle(undefined));
      resolvers.add(settle);
    });
  }
}
