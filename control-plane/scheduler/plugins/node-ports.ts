import { hostPortsOf, type HostPort } from '../cache/node-info.ts';
import type { FilterPlugin } from '../framework/interface.ts';

/** No two pods of a node have the same host port on the same address. */
export const nodePorts: FilterPlugin = {
  name: 'NodePorts',
  events: ['nodeAdded', 'podRemoved'],
  prepareFilter: (pod) => {
    const wanted = hostPortsOf(pod);
    if (wanted.length === 0) return undefined;
    return (node) => {
      const taken = node.hostPorts();
      return wanted.some((port) => taken.some((other) => collide(port, other)))
        ? { reasons: ['node(s) didn\'t have free ports for the requested pod ports'], unresolvable: false }
        : undefined;
    };
  },
};

function collide(left: HostPort, right: HostPort): boolean {
  return left.port === right.port && left.protocol === right.protocol && (left.ip === right.ip || left.ip === '0.0.0.0' || right.ip === '0.0.0.0');
}
