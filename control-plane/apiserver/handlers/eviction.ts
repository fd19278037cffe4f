/**
 * POST pods/NAME/eviction: a deletion that asks the disruption budget first and tells in the pod's status why. Follows
 * pkg/registry/core/pod/storage: EvictionREST.
 */
import type { FastifyReply } from 'fastify';
import type { Pod, PodCondition } from '../../../api/core.ts';
import { newBadRequest } from '../../../api/errors.ts';
import type { DeleteOptions, KubernetesObject } from '../../../api/meta.ts';
import { pods } from '../../../api/resources.ts';
import { timestamp } from '../../../machinery/clock.ts';
import { spendDisruption } from '../../registry/policy/pod-disruption-budget/spend-disruption.ts';
import type { RequestContext } from '../../registry/registry.ts';
import { requestContext, type ResourceCall } from '../app-parts.ts';
import { parseWriteOptions, validateDeleteOptions } from '../query-options.ts';
import { sendValue, success } from '../responses.ts';
import { decodeRequest } from './request-object.ts';

interface Eviction extends KubernetesObject {
  deleteOptions?: DeleteOptions;
}

const target = { group: 'policy', version: 'v1', kind: 'Eviction', schema: 'k8s.io.api.policy.v1.Eviction' };

export async function evictPod(call: ResourceCall): Promise<FastifyReply> {
  const options = parseWriteOptions(call.query, 'CreateOptions');
  const eviction = await decodeRequest<Eviction>(call, target, options.fieldValidation);
  const name = call.info.name!;
  if (eviction.metadata?.name !== name) throw newBadRequest('name in URL does not match name in Eviction object');
  const asked: Eviction = { ...eviction, apiVersion: 'policy/v1', kind: 'Eviction' };
  validateDeleteOptions(asked.deleteOptions ?? {});
  const given = requestContext(call, { ...options, dryRun: isDryRun(asked, options.dryRun) });
  await call.parts.registry.reviewConnect(given, { resource: pods, subresource: 'eviction', namespace: call.info.namespace, name, operation: 'CREATE', options: asked });
  // Plugins may have changed what is asked for. What follows from the eviction is not asked about again.
  const { deleteOptions = {} } = asked;
  const context = { ...given, dryRun: isDryRun(asked, options.dryRun), admitted: true };
  const store = call.parts.registry.of(pods);
  const pod = await store.get(name, call.info.namespace);
  await spendDisruption({ ...call.parts, context: { ...context, admitted: false } }, pod);
  if (isRunning(pod)) await markEvicted(call, context, name);
  await store.delete(context, name, call.info.namespace, deleteOptions);
  return sendValue(call.request, call.reply, 201, success(201));
}

function isDryRun({ deleteOptions }: Eviction, ofRequest: boolean): boolean {
  return ofRequest || (deleteOptions?.dryRun?.includes('All') ?? false);
}

/** Pods that have not begun, have ended or are going away are deleted without a mark. */
function isRunning({ metadata, status }: Pod): boolean {
  return !metadata?.deletionTimestamp && (status?.phase === 'Running' || status?.phase === 'Unknown');
}

async function markEvicted(call: ResourceCall, context: RequestContext, name: string): Promise<void> {
  const condition: PodCondition = {
    type: 'DisruptionTarget', status: 'True', reason: 'EvictionByEvictionAPI', message: 'Eviction API: evicting',
    lastTransitionTime: timestamp(call.parts.clock.now()),
  };
  await call.parts.registry.of(pods).update(context, {
    name, subresource: 'status', ...(call.info.namespace === undefined ? {} : { namespace: call.info.namespace }),
    change: (pod) => ({ ...pod, status: { ...pod.status, conditions: [...(pod.status?.conditions ?? []).filter(({ type }) => type !== condition.type), condition] } }),
  });
}
