/** POST pods/NAME/binding. Follows pkg/registry/core/pod/storage: BindingREST. */
import type { Binding, Pod, PodCondition } from '../../api/core.ts';
import { newBadRequest, newConflict, newInvalid, newNotFound } from '../../api/errors.ts';
import type { ObjectMeta } from '../../api/meta.ts';
import { pods } from '../../api/resources.ts';
import { timestamp } from '../../machinery/clock.ts';
import { storageKey } from '../storage/keys.ts';
import type { StoredObject } from '../storage/storage.ts';
import { deepClone } from './deep-clone.ts';
import { commitOne, getStored } from './registry-parts.ts';
import { reviewConnect } from './review-connect.ts';
import type { RegistryParts } from './registry-parts.ts';
import type { PodBinding, RequestContext } from './registry.ts';
import { validateAnnotations, validateLabels } from './validation/object-meta.ts';


/** Errors name the subresource, as Kubernetes does. */
const podBindings = { group: '', plural: 'pods/binding' };

/** @throws StatusError NotFound, Conflict when the pod has a node, is going away or is another one. */
export async function bindPod(
  parts: RegistryParts, context: RequestContext, { namespace, name, binding }: { namespace: string; name: string; binding: PodBinding },
): Promise<void> {
  if (!binding.nodeName) throw newBadRequest('target.name: Required value');
  const admitted = await admit(parts, context, { namespace, name, binding });
  await parts.turns.untilNoConflict(storageKey(pods, namespace, name), async () => {
    const stored = getStored(parts, pods, namespace, name);
    if (!stored) throw newNotFound(pods, name);
    checkBindable(stored.object, name, binding);
    if (context.dryRun) return;
    await commitOne(parts, { key: stored.key, expected: stored.revision, object: bound(stored, admitted, parts.clock.now()), durable: true });
  });
}

/** @returns the binding as admission leaves it. */
async function admit(parts: RegistryParts, context: RequestContext, { namespace, name, binding }: { namespace: string; name: string; binding: PodBinding }): Promise<PodBinding> {
  const asked: Binding = {
    apiVersion: 'v1', kind: 'Binding', metadata: metadataOf(binding, name, namespace), target: { kind: 'Node', name: binding.nodeName },
  };
  await reviewConnect(parts, context, { resource: pods, subresource: 'binding', namespace, name, options: asked, operation: 'CREATE' });
  const { labels, annotations } = asked.metadata ?? {};
  const errors = [...validateLabels(labels, 'metadata.labels'), ...validateAnnotations(annotations, 'metadata.annotations')];
  if (errors.length > 0) throw newInvalid({ group: '', kind: 'Binding' }, name, errors);
  return { nodeName: asked.target.name ?? '', ...(binding.uid ? { uid: binding.uid } : {}), ...(labels ? { labels } : {}), ...(annotations ? { annotations } : {}) };
}

function metadataOf({ uid, labels, annotations }: PodBinding, name: string, namespace: string): ObjectMeta {
  return { name, namespace, ...(uid ? { uid } : {}), ...(labels ? { labels: { ...labels } } : {}), ...(annotations ? { annotations: { ...annotations } } : {}) };
}

function checkBindable(pod: Pod, name: string, binding: PodBinding): void {
  const uid = pod.metadata?.uid;
  if (binding.uid && binding.uid !== uid) {
    throw newConflict(podBindings, name, `Precondition failed: UID in precondition: ${binding.uid}, UID in object meta: ${uid}`);
  }
  if (pod.metadata?.deletionTimestamp) throw newConflict(podBindings, name, `pod ${name} is being deleted, cannot be assigned to a host`);
  if (pod.spec?.nodeName) throw newConflict(podBindings, name, `pod ${name} is already assigned to node "${pod.spec.nodeName}"`);
  if ((pod.spec as { schedulingGates?: unknown[] } | undefined)?.schedulingGates?.length) {
    throw newConflict(podBindings, name, `pod ${name} has non-empty .spec.schedulingGates`);
  }
}

/** What the scheduler says about the pod becomes the pod's, whatever it said before. */
function bound({ object }: StoredObject<Pod>, { nodeName, labels, annotations }: PodBinding, now: number): Pod {
  const pod = deepClone(object);
  const metadata = (pod.metadata ??= {});
  if (labels) metadata.labels = { ...metadata.labels, ...labels };
  if (annotations) metadata.annotations = { ...metadata.annotations, ...annotations };
  // Where it might have gone does not matter any more.
  delete pod.status?.nominatedNodeName;
  const conditions = pod.status?.conditions ?? [];
  const condition: PodCondition = { type: 'PodScheduled', status: 'True', lastTransitionTime: timestamp(now) };
  const others = conditions.filter(({ type }) => type !== 'PodScheduled');
  return { ...pod, spec: { ...pod.spec!, nodeName }, status: { ...pod.status, conditions: [...others, condition] } };
}
