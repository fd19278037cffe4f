/**
 * GET componentstatuses, which dashboards still ask for. The parts of this control plane are one process with the API server:
 * where that answers, they live. Follows pkg/registry/core/componentstatus.
 */
import type { FastifyReply } from 'fastify';
import type { ComponentStatus } from '../../../api/core.ts';
import { newNotFound } from '../../../api/errors.ts';
import { matches } from '../../../api/labels.ts';
import { componentStatuses } from '../../../api/resources.ts';
import type { ResourceCall } from '../app-parts.ts';
import { parseListQuery } from '../query-options.ts';
import { addWarnings, sendObject, sendObjectList } from '../responses.ts';

const deprecation = 'v1 ComponentStatus is deprecated in v1.19+';
/** The names by which clients know them; the store takes etcd's place. */
const components: readonly ComponentStatus[] = ['controller-manager', 'etcd-0', 'scheduler'].map((name) => ({
  apiVersion: 'v1', kind: 'ComponentStatus', metadata: { name }, conditions: [{ type: 'Healthy', status: 'True', message: 'ok' }],
}));

export function listComponentStatuses(call: ResourceCall): Promise<FastifyReply> {
  const { labelSelector, fieldSelector } = parseListQuery(call.query, undefined);
  addWarnings(call.reply, [deprecation]);
  const items = components.filter(({ metadata }) => matches(labelSelector, metadata?.labels)
    && fieldSelector.every(({ field, equal, value }) => field !== 'metadata.name' || (metadata?.name === value) === equal));
  return sendObjectList(call, { metadata: {}, items: [...items] });
}

export function getComponentStatus(call: ResourceCall): Promise<FastifyReply> {
  const found = components.find(({ metadata }) => metadata?.name === call.info.name);
  if (!found) throw newNotFound(componentStatuses, call.info.name ?? '');
  addWarnings(call.reply, [deprecation]);
  return sendObject(call, 200, found);
}
