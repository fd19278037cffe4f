/** The subresource scale: an autoscaling/v1 Scale stands for the replicas of its parent. */
import type { FastifyReply } from 'fastify';
import type { KubernetesObject } from '../../../api/meta.ts';
import { applyScale, toScale, type Scalable, type Scale } from '../../registry/scale.ts';
import { requestContext, type ResourceCall } from '../app-parts.ts';
import { parseWriteOptions, type WriteOptions } from '../query-options.ts';
import { sendValue } from '../responses.ts';
import { patchFunction } from './patch.ts';
import { objectNamespace } from './read.ts';
import { decodeRequest, matchUrl } from './request-object.ts';
import { updateTarget } from './update.ts';

const target = { group: 'autoscaling', version: 'v1', kind: 'Scale', schema: 'k8s.io.api.autoscaling.v1.Scale' };

export async function getScale(call: ResourceCall): Promise<FastifyReply> {
  return send(call, await call.store.get(call.info.name!, objectNamespace(call)));
}

export async function updateScale(call: ResourceCall): Promise<FastifyReply> {
  const options = parseWriteOptions(call.query, 'UpdateOptions');
  const scale = await decodeRequest<Scale>(call, target, options.fieldValidation);
  return write(call, options, () => scale);
}

export async function patchScale(call: ResourceCall): Promise<FastifyReply> {
  const options = parseWriteOptions(call.query, 'PatchOptions');
  return write(call, options, patchFunction<Scale>(call, target, options.fieldValidation));
}

async function write(call: ResourceCall, options: WriteOptions, change: (current: Scale) => Scale): Promise<FastifyReply> {
  const updated = await call.store.update(requestContext(call, options), {
    ...updateTarget(call), subresource: 'scale',
    change: (current) => {
      const scale = change(toScale(current as Scalable));
      matchUrl(call, scale);
      return applyScale(current as Scalable, scale);
    },
  });
  return send(call, updated);
}

function send(call: ResourceCall, parent: KubernetesObject): Promise<FastifyReply> {
  return sendValue(call.request, call.reply, 200, toScale(parent as Scalable));
}
