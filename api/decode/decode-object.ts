/**
 * From bytes to an object of the API: JSON or YAML, checked against the schema table. Errors and warnings are worded as
 * k8s.io/apiserver words them; `fieldValidation` is the query parameter of that name.
 */
import { newBadRequest, newUnsupportedMediaType, type StatusError } from '../errors.ts';
import type { KubernetesObject } from '../meta.ts';
import { apiVersionOf, type Resource } from '../resources.ts';
import { messageOf } from '../schema/schema-table.ts';
import { DecodeError, cannotBeHandled, jsonTypeName } from './decode-error.ts';
import { MessageDecoder } from './decode-message.ts';
import { countFields, findDuplicateFields } from './duplicate-fields.ts';
import { jsonSyntaxError } from './json-syntax-error.ts';
import { parseYaml } from './yaml.ts';

/** Ignore drops unknown and duplicate fields silently, Warn (the default of the API) reports them, Strict refuses them. */
export type FieldValidation = 'Ignore' | 'Warn' | 'Strict';

export interface DecodeOptions {
  fieldValidation: FieldValidation;
  /** The error for a value that does not fit. Default: BadRequest that names the kind. */
  refuse?: (why: string) => StatusError;
}

/** What the body is expected to be. A row of the resource table is one; so is a Scale, a Binding or DeleteOptions. */
export type DecodeTarget = Pick<Resource, 'group' | 'version' | 'kind' | 'schema' | 'custom'>;

export interface Decoded<T extends KubernetesObject = KubernetesObject> {
  /** Fresh and private to the caller; has apiVersion and kind of the target. */
  object: T;
  /** Texts for `Warning: 299` headers. */
  warnings: string[];
}

/** Unknown and duplicate fields named in one answer, as in Kubernetes. */
const maxStrictErrors = 100;

/**
 * Decodes the body of a request.
 * @param contentType value of the header, parameters and all; JSON when there is none.
 * @throws StatusError BadRequest, or UnsupportedMediaType.
 */
export async function decodeBody<T extends KubernetesObject = KubernetesObject>(
  bytes: Uint8Array, contentType: string | undefined, target: DecodeTarget & { objectType?: T }, options: DecodeOptions,
): Promise<Decoded<T>> {
  const { value, duplicates } = await parseBody(bytes, contentType, target, options);
  return decode<T>(value, target, options, duplicates);
}

/**
 * Decodes what has been parsed already, such as the result of a patch.
 * @param input plain JSON; not changed, but values of free-form fields may be shared with the result.
 * @throws StatusError BadRequest.
 */
export function decodeObject<T extends KubernetesObject = KubernetesObject>(
  input: unknown, target: DecodeTarget & { objectType?: T }, options: DecodeOptions,
): Decoded<T> {
  return decode<T>(input, target, options, []);
}

type Parsed = { value: unknown; duplicates: string[] };

async function parseBody(bytes: Uint8Array, contentType: string | undefined, target: DecodeTarget, options: DecodeOptions): Promise<Parsed> {
  const mediaType = (contentType ?? '').split(';', 1)[0]!.trim().toLowerCase();
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
  const limit = options.fieldValidation === 'Ignore' ? 0 : maxStrictErrors;
  try {
    switch (mediaType) {
      case '':
      case 'application/json':
        return asObject(parseJson(text, limit));
      case 'application/yaml':
      case 'application/x-yaml':
        return asObject(await parseYaml(text, limit));
    }
  } catch (error) {
    throw unrecognized(error, target, text);
  }
  throw newUnsupportedMediaType('the body of the request was in an unknown format - accepted media types include: application/json, application/yaml, application/vnd.kubernetes.protobuf');
}

function parseJson(text: string, limit: number): Parsed {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new DecodeError(`couldn't get version/kind; json parse error: ${jsonSyntaxError(text)}`);
  }
  const fields = countFields(value);
  return { value, duplicates: limit === 0 ? [] : findDuplicateFields(text, fields, limit) };
}

const typeMeta = String.raw`struct { APIVersion string "json:\"apiVersion,omitempty\""; Kind string "json:\"kind,omitempty\"" }`;

/** Null reads as an object without fields. */
function asObject({ value, duplicates }: Parsed): Parsed {
  const type = jsonTypeName(value);
  if (type === 'null') return { value: {}, duplicates };
  if (type === 'object') return { value, duplicates };
  throw new DecodeError(`couldn't get version/kind; json parse error: json: cannot unmarshal ${type} into Go value of type ${typeMeta}`);
}

/** The answer to a body that is no JSON or YAML at all: says what it began with. */
function unrecognized(error: unknown, target: DecodeTarget, text: string): unknown {
  if (!(error instanceof DecodeError) && !(error instanceof RangeError)) return error;
  return newBadRequest(`the object provided is unrecognized (must be of type ${target.kind}): ${error.message} (${summarize(text)})`);
}

function summarize(text: string): string {
  if (text === '') return '<empty>';
  const shown = text.startsWith('{') ? text : Buffer.from(text.slice(0, 31)).toString('hex');
  const length = text.startsWith('{') ? 30 : 60;
  return shown.length > length ? `${shown.slice(0, length)} ...` : shown;
}

function decode<T extends KubernetesObject>(input: unknown, target: DecodeTarget, options: DecodeOptions, duplicates: string[]): Decoded<T> {
  const actual = checkTypeMeta(input, target);
  if (target.custom) return target.custom.decode(input, { fieldValidation: options.fieldValidation, duplicates }) as Decoded<T>;
  const refuse = options.refuse ?? ((why) => newBadRequest(cannotBeHandled(actual, target.kind, why)));
  const limit = options.fieldValidation === 'Ignore' ? 0 : maxStrictErrors;
  const decoder = new MessageDecoder(limit);
  let fields: Record<string, unknown>;
  try {
    fields = decoder.message(messageOf(target.schema), input);
  } catch (error) {
    if (error instanceof DecodeError || error instanceof RangeError) throw refuse(error.message);
    throw error;
  }
  const warnings = [...duplicates, ...decoder.unknownFields].slice(0, limit);
  if (options.fieldValidation === 'Strict' && warnings.length > 0) {
    throw refuse(`strict decoding error: ${warnings.join(', ')}`);
  }
  return { object: { kind: target.kind, apiVersion: actual.apiVersion, ...fields } as T, warnings };
}

/** A body may leave apiVersion and kind out, but not be of another kind than the one the URL is about. */
function checkTypeMeta(input: unknown, target: DecodeTarget): { apiVersion: string; version: string; kind: string } {
  const wanted = apiVersionOf(target);
  const { apiVersion, kind } = typeof input === 'object' && input !== null ? (input as KubernetesObject) : {};
  const actualVersion = typeof apiVersion === 'string' && apiVersion !== '' ? apiVersion : wanted;
  const actualKind = typeof kind === 'string' && kind !== '' ? kind : target.kind;
  const version = actualVersion.split('/').at(-1)!;
  if (actualKind !== target.kind) {
    throw newBadRequest(cannotBeHandled({ version, kind: actualKind }, target.kind, `converting (${version}.${actualKind}) to (${target.version}.${target.kind}): unknown conversion`));
  }
  // Options of requests (DeleteOptions) are registered in every group.
  if (actualVersion !== wanted && !target.schema.includes('.meta.v1.')) {
    throw newBadRequest(`the API version in the data (${actualVersion}) does not match the expected API version (${wanted})`);
  }
  return { apiVersion: actualVersion, version, kind: actualKind };
}

