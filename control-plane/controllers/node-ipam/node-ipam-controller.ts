/**
 * Gives every node its pod CIDR. What nodes have is the only record of what is taken, so a restart cannot forget it and a
 * node that goes gives its block back. Follows k8s.io/kubernetes/pkg/controller/nodeipam (RangeAllocator).
 */
import type { Node } from '../../../api/core.ts';
import { isNotFound } from '../../../api/errors.ts';
import { nodes } from '../../../api/resources.ts';
import type { ResourceClient } from '../../../machinery/client.ts';
import { Controller } from '../../../machinery/controller.ts';
import type { Informer } from '../../../machinery/informer.ts';
import type { ControllerContext, EventSink, RunnableController } from '../controller-context.ts';
import { allocateBlock, parseClusterRange } from './cidr-allocation.ts';
import type { ClusterRange } from './cidr-allocation.ts';

export interface NodeIpamOptions {
  /** The range of all pods, for example `198.18.0.0/16`. */
  clusterCidr: string;
  /** Prefix length of one node's block. Default 24. */
  nodePrefix?: number;
}

export class NodeIpamController implements RunnableController {
  private readonly client: ResourceClient<Node>;
  private readonly informer: Informer<Node>;
  private readonly recorder: EventSink;
  private readonly range: ClusterRange;
  private readonly controller: Controller;
  /** Nodes that found the range full; a node that goes wakes them. */
  private readonly waiting = new Set<string>();

  /** @throws RangeError when the options are no range. */
  constructor(context: ControllerContext, options: NodeIpamOptions) {
    const { client, informers, clock, logger, random } = context;
    this.client = client.resource(nodes);
    this.informer = informers.of(nodes);
    this.recorder = context.recorder('cidrAllocator');
    this.range = parseClusterRange(options.clusterCidr, options.nodePrefix ?? 24);
    // One worker: two nodes at once could be given the same block.
    this.controller = new Controller({ name: 'node-ipam', workers: 1, reconcile: (key) => this.reconcile(key), clock, logger, random });
    const enqueue = (node: Node) => this.controller.enqueue(node.metadata?.name ?? '');
    this.informer.addHandler({
      added: enqueue,
      updated: (_previous, node) => {
        if (!hasBlock(node)) enqueue(node);
      },
      deleted: () => {
        for (const name of this.waiting) this.controller.enqueue(name);
        this.waiting.clear();
      },
    });
  }

  start(signal: AbortSignal): void {
    this.controller.start(signal);
  }

  stop(): Promise<void> {
    return this.controller.stop();
  }

  private async reconcile(name: string): Promise<void> {
    const node = this.informer.get(name);
    if (!node || hasBlock(node) || node.metadata?.deletionTimestamp) return;
    const block = allocateBlock(this.range, this.informer.list().flatMap(blocksOf));
    if (!block) {
      this.waiting.add(name);
      this.recorder.event(node, 'Normal', 'CIDRNotAvailable', `Node ${name} status is now: CIDRNotAvailable`);
      return;
    }
    try {
      await this.client.modify(name, undefined, (copy) => {
        if (hasBlock(copy)) return undefined;
        copy.spec = { ...copy.spec, podCIDR: block, podCIDRs: [block] };
        return copy;
      });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
}

function blocksOf(node: Node): string[] {
  return [...new Set([...(node.spec?.podCIDRs ?? []), ...(node.spec?.podCIDR ? [node.spec.podCIDR] : [])])];
}

function hasBlock(node: Node): boolean {
  return blocksOf(node).length > 0;
}
