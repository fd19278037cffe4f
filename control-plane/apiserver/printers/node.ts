import type { Node } from '../../../api/core.ts';
import { age } from './human-duration.ts';
import { none } from './labels.ts';
import { ageColumn, column, nameColumn, wideColumn, type Printer } from './printer.ts';

const unknown = '<unknown>';
const rolePrefix = 'node-role.kubernetes.io/';

export const nodePrinter: Printer<Node> = {
  columns: [
    nameColumn,
    column('Status', { description: 'The status of the node' }),
    column('Roles', { description: 'The roles of the node' }),
    ageColumn,
    column('Version', { description: 'Version of the agent.' }),
    wideColumn('Internal-IP', 'Address inside the cluster.'),
    wideColumn('External-IP', 'Address outside the cluster.'),
    wideColumn('OS-Image', 'Operating system of the node.'),
    wideColumn('Kernel-Version', 'Kernel of the node.'),
    wideColumn('Container-Runtime', 'Container runtime of the node.'),
  ],
  cells: (node, now) => {
    const info = node.status?.nodeInfo;
    return [
      node.metadata?.name ?? '', statusOf(node), rolesOf(node), age(node.metadata?.creationTimestamp, now), info?.kubeletVersion ?? '',
      addressOf(node, 'InternalIP'), addressOf(node, 'ExternalIP'), info?.osImage || unknown, info?.kernelVersion || unknown,
      info?.containerRuntimeVersion || unknown,
    ];
  },
};

function statusOf(node: Node): string {
  const ready = node.status?.conditions?.find((condition) => condition.type === 'Ready');
  const status = ready === undefined ? 'Unknown' : ready.status === 'True' ? 'Ready' : 'NotReady';
  return node.spec?.unschedulable ? `${status},SchedulingDisabled` : status;
}

function rolesOf(node: Node): string {
  const roles = new Set<string>();
  for (const [key, value] of Object.entries(node.metadata?.labels ?? {})) {
    if (key.startsWith(rolePrefix) && key.length > rolePrefix.length) roles.add(key.slice(rolePrefix.length));
    else if (key === 'kubernetes.io/role' && value !== '') roles.add(value);
  }
  return [...roles].sort().join(',') || none;
}

function addressOf(node: Node, type: string): string {
  return node.status?.addresses?.find((address) => address.type === type)?.address ?? none;
}
