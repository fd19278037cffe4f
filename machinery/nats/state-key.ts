import type { StateKey, StateObject } from '../../api/messaging/messages.ts';

/** `Pod/default/web-0`; `Node//pi-1` for what has no namespace. */
export function stateKeyOf({ kind, object }: StateObject): StateKey {
  return `${kind}/${object.metadata?.namespace ?? ''}/${object.metadata?.name ?? ''}`;
}

/** True when both show the same version of the same object. Trimmed objects have no resourceVersion: their content counts. */
export function sameStateObject(left: StateObject, right: StateObject): boolean {
  if (left.object === right.object) return true;
  const { metadata: a } = left.object;
  const { metadata: b } = right.object;
  if (a?.resourceVersion !== undefined || b?.resourceVersion !== undefined) return a?.resourceVersion === b?.resourceVersion && a?.uid === b?.uid;
  return JSON.stringify(left.object) === JSON.stringify(right.object);
}
