/** Nodes. Follows pkg/registry/core/node/strategy. */
import type { Node, NodeStatus } from '../../../../api/core.ts';
import { nodes } from '../../../../api/resources.ts';
import { deepEqual } from '../../deep-equal.ts';
import { sameMetadata } from '../../managed-fields/same-owners.ts';
import { keepField } from '../../keep-field.ts';
import { plainStrategy } from '../../strategy.ts';
import type { Strategy } from '../../strategy.ts';
import type { Writable } from '../../writable.ts';
import { defaultNode } from './defaults.ts';
import { validateNode, validateNodeStatusUpdate, validateNodeUpdate } from './validation.ts';

export const nodeStrategy: Strategy<Node> = {
  ...plainStrategy,
  resource: nodes,
  defaults: defaultNode,
  validate: validateNode,
  validateUpdate: validateNodeUpdate,
  validateStatusUpdate: validateNodeStatusUpdate,
  selectableFields: ['spec.unschedulable'],
  selectField: ({ spec }, field) => (field === 'spec.unschedulable' ? String(spec?.unschedulable ?? false) : ''),
  // A node registers itself with the status it has: unlike other kinds, the status of a create is kept.
  prepareForUpdate(node: Writable<Node>, old) {
    keepField(node, old, 'status');
  },
  prepareForStatusUpdate(node, old) {
    keepField(node, old, 'spec');
  },
  isVolatile: (node, old) => old !== undefined && isHeartbeat(node, old),
};

/** Nothing but the conditions' lastHeartbeatTime differs, and that it was written. */
function isHeartbeat(node: Node, old: Node): boolean {
  return deepEqual(node.spec, old.spec)
    && sameMetadata(node.metadata, old.metadata)
    && deepEqual(withoutHeartbeats(node.status), withoutHeartbeats(old.status));
}

function withoutHeartbeats(status: NodeStatus | undefined): NodeStatus {
  return { ...status, conditions: status?.conditions?.map((condition) => ({ ...condition, lastHeartbeatTime: undefined })) };
}
