/** The subresource scale: an autoscaling/v1 Scale stands for the replicas of a workload or custom object. */
import type { FastifyReply } from 'fastify';
import { checkFields } from '../../../api/field-path/check-fields.ts';
import { FieldSchemaError } from '../../../api/field-path/field-schema.ts';
import { tableFieldSchema } from '../../../api/field-path/table-field-schema.ts';
import { isNotFound, newBadRequest, newNotFound } from '../../../api/errors.ts';
import type { KubernetesObject } from '../../../api/meta.ts';
import { apiVersionOf } from '../../../api/resources.ts';
import { applyScale, configurationOf, toScale, type Scale } from '../../registry/scale.ts';
import { requestContext, type ResourceCall } from '../app-parts.ts';
import { parsePatchOptions, parseWriteOptions, type WriteOptions } from '../query-options.ts';
import { sendValue } from '../responses.ts';
import { applyMediaType, applyTo, readConfiguration } from './apply.ts';
import { patchFunction, patchMediaType } from './patch.ts';
import { objectNamespace } from './read.ts';
import { decodeRequest, matchUrl } from './request-object.ts';
import { updateTarget } from './update.ts';

const target = { group: 'autoscaling', version: 'v1', kind: 'Scale', schema: 'k8s.io.api.autoscaling.v1.Scale' };

export async function getScale(call: ResourceCall): Promise<FastifyReply> {
  const name = call.info.name!;
  try {
    return await send(call, await call.store.get(name, objectNamespace(call)));
  } catch (error) {
    const { custom, group, plural } = call.resource;
    // Kubernetes misses the scale of a workload, not the workload; that of a ReplicationController in the group of scales.
    throw isNotFound(error) && !custom ? newNotFound({ group: group || 'autoscaling', plural: `${plural}/scale` }, name) : error;
  }
}

export async function updateScale(call: ResourceCall): Promise<FastifyReply> {
  const options = parseWriteOptions(call.query, 'UpdateOptions');
  const scale = await decodeRequest<Scale>(call, target, options.fieldValidation);
  return write(call, options, () => scale);
}

export async function patchScale(call: ResourceCall): Promise<FastifyReply> {
  if (patchMediaType(call) === applyMediaType) return applyToScale(call);
  const options = parsePatchOptions(call.query, false);
  return write(call, options, patchFunction<Scale>(call, target, options.fieldValidation));
}

async function applyToScale(call: ResourceCall): Promise<FastifyReply> {
  const options = parsePatchOptions(call.query, true);
  const { resource } = call;
  const scale: Scale = await readConfiguration(call, options.fieldValidation, { apiVersion: 'autoscaling/v1', kind: target.kind });
  try {
    checkFields(tableFieldSchema(target.schema), scale);
  } catch (error) {
    if (error instanceof FieldSchemaError) throw newBadRequest(`failed to create typed patch object: ${error.message}`);
    throw error;
  }
  const configuration = configurationOf(resource, { apiVersion: apiVersionOf(resource), kind: resource.kind }, scale);
  const { object } = await applyTo(call, { options, subresource: 'scale', configuration });
  return send(call, object);
}

async function write(call: ResourceCall, options: WriteOptions, change: (current: Scale) => Scale): Promise<FastifyReply> {
  const updated = await call.store.update(requestContext(call, options), {
    ...updateTarget(call), subresource: 'scale',
    change: (current) => {
      const scale = change(toScale(call.resource, current));
      matchUrl(call, scale);
      return applyScale(call.resource, current, scale);
    },
  });
  return send(call, updated);
}

function send(call: ResourceCall, parent: KubernetesObject): Promise<FastifyReply> {
  return sendValue(call.request, call.reply, 200, toScale(call.resource, parent));
}
