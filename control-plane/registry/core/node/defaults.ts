/** Defaults of Nodes. Follows pkg/apis/core/v1: defaults.go, conversion.go. */
import type { Node } from '../../../../api/core.ts';

export function defaultNode(node: Node): void {
  const { status, spec } = node;
  // What nobody keeps back for the system can be allocated.
  if (status?.capacity) status.allocatable ??= { ...status.capacity };
  if (!spec) return;
  // Of two that differ the older field is right.
  if (spec.podCIDR && spec.podCIDRs?.[0] !== spec.podCIDR) spec.podCIDRs = [spec.podCIDR];
  else if (!spec.podCIDR && spec.podCIDRs?.length) spec.podCIDR = spec.podCIDRs[0];
}
