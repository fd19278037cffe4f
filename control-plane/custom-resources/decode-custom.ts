/** From parsed JSON to a custom object: metadata typed, the rest pruned by its schema. */
import { DecodeError } from '../../api/decode/decode-error.ts';
import { MessageDecoder } from '../../api/decode/decode-message.ts';
import { newBadRequest, newInvalid } from '../../api/errors.ts';
import type { KubernetesObject } from '../../api/meta.ts';
import { messageOf } from '../../api/schema/schema-table.ts';
import { decodeEmbedded } from './embedded-objects.ts';
import { prune } from './prune.ts';
import type { SchemaNode } from './schema-node.ts';

export interface CustomDecodeOptions {
  fieldValidation: 'Ignore' | 'Warn' | 'Strict';
  /** `duplicate field "spec.a"`, found while the text was parsed. */
  duplicates?: readonly string[];
}

const objectMeta = 'k8s.io.apimachinery.pkg.apis.meta.v1.ObjectMeta';
/** Unknown and duplicate fields named in one answer. */
const maxStrictErrors = 100;

/**
 * @param kind what the body must be of.
 * @param input a parsed JSON value; changed.
 * @throws StatusError BadRequest.
 */
export function decodeCustom(
  kind: { apiVersion: string; kind: string }, node: SchemaNode, input: unknown, { fieldValidation, duplicates = [] }: CustomDecodeOptions,
): { object: KubernetesObject; warnings: string[] } {
  const refuse = (why: string) => newBadRequest(`the object provided is unrecognized (must be of type ${kind.kind}): ${why}`);
  if (typeof input !== 'object' || input === null || Array.isArray(input)) throw refuse('json: cannot unmarshal into Go value of type map[string]interface {}');
  const { apiVersion, kind: given, metadata } = input as KubernetesObject;
  if (typeof given !== 'string' || given === '') throw refuse(`Object 'Kind' is missing in '${shorten(input)}'`);
  if (apiVersion !== kind.apiVersion) throw newBadRequest(`the API version in the data (${apiVersion ?? ''}) does not match the expected API version (${kind.apiVersion})`);
  if (given !== kind.kind) {
    const [group = ''] = apiVersion.split('/');
    throw newInvalid({ group, kind: given }, metadata?.name ?? '', [{ reason: 'FieldValueInvalid', field: 'kind', message: `Invalid value: ${JSON.stringify(given)}: must be ${kind.kind}` }]);
  }
  const limit = fieldValidation === 'Ignore' ? 0 : maxStrictErrors;
  const decoder = new MessageDecoder(limit);
  const translate = <T>(read: () => T): T => {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      throw newBadRequest(`${kind.kind} in version "${apiVersion.split('/').at(-1)}" cannot be handled as a ${kind.kind}: ${error.message}`);
    }
  };
  const { apiVersion: _, kind: __, metadata: ___, ...fields } = input as KubernetesObject & Record<string, unknown>;
  // Of another key the assignment below would change the prototype.
  // The kind's own texts: those of the body would stay with each object.
  const object = { ...kind, ...((metadata as unknown ?? undefined) === undefined ? {} : { metadata: translate(() => decoder.message(messageOf(objectMeta), metadata)) }), ...fields } as KubernetesObject;
  const unknown: string[] = [];
  prune(object, node, unknown, limit);
  if (node.hasEmbedded) translate(() => decodeEmbedded(object, node, unknown, limit));
  const warnings = [...duplicates, ...decoder.unknownFields.map(inMetadata), ...unknown.map((path) => `unknown field ${JSON.stringify(path)}`)].slice(0, limit);
  if (fieldValidation === 'Strict' && warnings.length > 0) {
    throw newBadRequest(`${kind.kind} in version "${apiVersion.split('/').at(-1)}" cannot be handled as a ${kind.kind}: strict decoding error: ${warnings.join(', ')}`);
  }
  return { object, warnings };
}

function inMetadata(text: string): string {
  return text.replace('unknown field "', 'unknown field "metadata.');
}

function shorten(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length > 200 ? `${text.slice(0, 200)}...` : text;
}
