/** POST: create an object, bind a pod. */
import type { FastifyReply } from 'fastify';
import { newBadRequest, newInvalid } from '../../../api/errors.ts';
import type { Binding } from '../../../api/core.ts';
import { requestContext, type ResourceCall } from '../app-parts.ts';
import { parseWriteOptions } from '../query-options.ts';
import { sendObject, sendValue, success } from '../responses.ts';
import { objectNamespace } from './read.ts';
import { decodeRequest } from './request-object.ts';

export async function createObject(call: ResourceCall): Promise<FastifyReply> {
  const options = parseWriteOptions(call.query, 'CreateOptions');
  const object = await decodeRequest(call, call.resource, options.fieldValidation);
  const namespace = objectNamespace(call);
  const inObject = object.metadata?.namespace;
  if (namespace !== undefined && inObject && inObject !== namespace) {
    throw newBadRequest('the namespace of the provided object does not match the namespace sent on the request');
  }
  const created = await call.store.create(requestContext(call, options), namespace, object);
  return sendObject(call, 201, created);
}

const bindingTarget = { group: '', version: 'v1', kind: 'Binding', schema: 'k8s.io.api.core.v1.Binding' };

/** POST pods/NAME/binding, or bindings, where the binding's own name is the pod's. */
export async function bindPod(call: ResourceCall): Promise<FastifyReply> {
  const options = parseWriteOptions(call.query, 'CreateOptions');
  const binding = await decodeRequest<Binding>(call, bindingTarget, options.fieldValidation);
  // Clients may leave out what the type says is there.
  const { target = { name: '' }, metadata } = binding as Partial<Binding>;
  if (call.info.name !== undefined && metadata?.name !== call.info.name) throw newBadRequest('name in URL does not match name in Binding object');
  if (target.kind && target.kind !== 'Node') {
    throw newInvalid({ group: '', kind: 'Binding' }, metadata?.name ?? '', [{
      reason: 'FieldValueNotSupported', field: 'target.kind', message: `Unsupported value: ${JSON.stringify(target.kind)}: supported values: "Node", "<empty>"`,
    }]);
  }
  if (!target.name) throw newInvalid({ group: '', kind: 'Binding' }, metadata?.name ?? '', [{ reason: 'FieldValueRequired', field: 'target.name', message: 'Required value' }]);
  await call.parts.registry.bind(requestContext(call, options), call.info.namespace ?? '', call.info.name ?? metadata?.name ?? '', {
    nodeName: target.name, ...(metadata?.uid ? { uid: metadata.uid } : {}),
    ...(metadata?.labels ? { labels: metadata.labels } : {}), ...(metadata?.annotations ? { annotations: metadata.annotations } : {}),
  });
  return sendValue(call.request, call.reply, 201, success(201));
}
