/** PATCH with application/apply-patch+yaml: server-side apply of an object, a part of it, or a Scale. */
import type { FastifyReply } from 'fastify';
import { DecodeError } from '../../../api/decode/decode-error.ts';
import { decodeObject } from '../../../api/decode/decode-object.ts';
import { countFields, findDuplicateFields } from '../../../api/decode/duplicate-fields.ts';
import { parseYaml } from '../../../api/decode/yaml.ts';
import { newBadRequest } from '../../../api/errors.ts';
import { isObject } from '../../../api/field-path/field-schema.ts';
import type { KubernetesObject } from '../../../api/meta.ts';
import { apiVersionOf } from '../../../api/resources.ts';
import { timestamp } from '../../../machinery/clock.ts';
import { applyConfiguration } from '../../registry/managed-fields/apply-configuration.ts';
import { fieldWriteOf } from '../../registry/managed-fields/field-write.ts';
import type { RequestContext, UpdatedSubresource } from '../../registry/registry.ts';
import { requestContext, type ResourceCall } from '../app-parts.ts';
import { parsePatchOptions, type FieldValidation, type PatchOptions } from '../query-options.ts';
import { sendObject } from '../responses.ts';
import { bodyBytes, keepUid, matchUrl } from './request-object.ts';
import { warningsOf } from './send-warnings.ts';
import { creatable, updateTarget, type ObjectSubresource } from './update.ts';

export const applyMediaType = 'application/apply-patch+yaml';

export async function applyObject(call: ResourceCall, subresource: ObjectSubresource | undefined): Promise<FastifyReply> {
  const options = parsePatchOptions(call.query, true);
  const { resource } = call;
  const configuration = await readConfiguration(call, options.fieldValidation, { apiVersion: apiVersionOf(resource), kind: resource.kind });
  const { object, created } = await applyTo(call, { options, subresource, configuration });
  return sendObject(call, created ? 201 : 200, object);
}

interface Application {
  options: PatchOptions;
  subresource: UpdatedSubresource | undefined;
  /** Of the call's kind. */
  configuration: KubernetesObject;
}

/** Applies to what the URL names. @throws StatusError */
export async function applyTo(call: ResourceCall, { options, subresource, configuration }: Application): Promise<{ object: KubernetesObject; created: boolean }> {
  const context: RequestContext = { ...requestContext(call, options), managerOperation: 'Apply' };
  const found = { before: false };
  const apply = (live: KubernetesObject | undefined): KubernetesObject => {
    const write = fieldWriteOf({ context, resource: call.resource, subresource, now: timestamp(call.parts.clock.now()) });
    const decode = (merged: object) => decodeObject(merged, call.resource, { fieldValidation: 'Ignore' }).object;
    const result = applyConfiguration({ ...write, force: options.force, decode }, live, configuration);
    matchUrl(call, result);
    keepUid(call, result, live);
    return result;
  };
  const object = await call.store.update(context, {
    ...updateTarget(call), ...(subresource ? { subresource } : { forceCreate: true, createIfMissing: () => creatable(call, apply(undefined)) }),
    change: (current) => {
      found.before = true;
      return apply(current);
    },
  });
  return { object, created: !found.before };
}

/**
 * The body, YAML or JSON.
 * @param expected what it must be.
 * @throws StatusError BadRequest.
 */
export async function readConfiguration(
  call: ResourceCall, fieldValidation: FieldValidation, expected: { apiVersion: string; kind: string },
): Promise<KubernetesObject> {
  const { value, duplicates } = await parseConfiguration(bodyBytes(call).toString('utf8'), fieldValidation);
  call.request.audit?.noteRequest(value, bodyBytes(call).length);
  if (!isObject(value)) throw newBadRequest('error decoding YAML: the body is no object');
  const configuration = value as KubernetesObject;
  const { apiVersion = '', kind = '' } = configuration;
  if (apiVersion !== expected.apiVersion || kind !== expected.kind) {
    throw newBadRequest(`invalid object type: ${apiVersion.includes('/') ? apiVersion : `/${apiVersion}`}, Kind=${kind}`);
  }
  if (configuration.metadata !== undefined && !isObject(configuration.metadata)) throw newBadRequest('error decoding YAML: metadata is no object');
  if (duplicates.length > 0) {
    const problem = `error strict decoding YAML: ${duplicates.join(', ')}`;
    if (fieldValidation === 'Strict') throw newBadRequest(problem);
    warningsOf(call.request).push(...duplicates);
  }
  return configuration;
}

const maxDuplicates = 100;

async function parseConfiguration(text: string, fieldValidation: FieldValidation): Promise<{ value: unknown; duplicates: string[] }> {
  const limit = fieldValidation === 'Ignore' ? 0 : maxDuplicates;
  try {
    // What kubectl and the Go clients send is JSON, which is read much quicker.
    if (/^\s*\{/.test(text)) {
      const value = tryJson(text);
      if (value !== undefined) return { value, duplicates: limit === 0 ? [] : findDuplicateFields(text, countFields(value), limit) };
    }
    return await parseYaml(text, limit);
  } catch (error) {
    if (error instanceof DecodeError || error instanceof RangeError) throw newBadRequest(`error decoding YAML: ${error.message}`);
    throw error;
  }
}

/** Undefined for YAML that only begins like JSON. */
function tryJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
