/** Merges what a board says of itself into its Node. Follows pkg/kubelet/kubelet_node_status.go. */
import type { Node, NodeCondition, NodeStatus } from '../../api/core.ts';
import { deepEqual } from '../registry/deep-equal.ts';

/** The Node of a board that comes for the first time. Spec is the control plane's and the users'. */
export function newNode(board: string, reported: Node): Node {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: board, labels: reported.metadata?.labels ?? {}, annotations: reported.metadata?.annotations ?? {} },
    spec: {},
    status: reported.status ?? {},
  };
}

/** Labels and annotations of the board win over theirs; those that others set stay. @returns undefined when nothing changes. */
export function mergeNodeMetadata(node: Node, reported: Node): Node | undefined {
  const labels = { ...node.metadata?.labels, ...reported.metadata?.labels };
  const annotations = { ...node.metadata?.annotations, ...reported.metadata?.annotations };
  if (deepEqual(labels, node.metadata?.labels ?? {}) && deepEqual(annotations, node.metadata?.annotations ?? {})) return undefined;
  return { ...node, metadata: { ...node.metadata, labels, annotations } };
}

/** Conditions that the report does not have stay, others' as well as the board's. @returns undefined when nothing changes. */
export function mergeNodeStatus(node: Node, reported: NodeStatus): Node | undefined {
  const current = node.status ?? {};
  const status: NodeStatus = { ...current, ...reported, conditions: mergeConditions(current.conditions ?? [], reported.conditions ?? []) };
  if (deepEqual(withoutHeartbeats(status), withoutHeartbeats(current))) return undefined;
  return { ...node, status };
}

function mergeConditions(current: readonly NodeCondition[], reported: readonly NodeCondition[]): NodeCondition[] {
  const merged = current.map((condition) => {
    const report = reported.find(({ type }) => type === condition.type);
    if (!report) return condition;
    return report.status === condition.status && condition.lastTransitionTime ? { ...report, lastTransitionTime: condition.lastTransitionTime } : report;
  });
  return [...merged, ...reported.filter(({ type }) => !current.some((condition) => condition.type === type))];
}

/** That a board is there is its Lease's business: a condition that only says so again is no change. */
function withoutHeartbeats(status: NodeStatus): NodeStatus {
  return { ...status, conditions: (status.conditions ?? []).map((condition) => ({ ...condition, lastHeartbeatTime: undefined })) };
}
