/** JSON Patch, RFC 6902, on a private copy: a patch applies wholly or not at all. */
import { isDeepStrictEqual } from 'node:util';
import { jsonTypeName } from '../decode/decode-error.ts';
import { countFields } from '../decode/duplicate-fields.ts';
import { newRequestEntityTooLarge } from '../errors.ts';
import { checkDepth, failedOperation, isJsonObject, malformedPatch, setProperty } from './patch-error.ts';

/** Operations one patch may have, as in k8s.io/apiserver. */
export const maxJsonPatchOperations = 10_000;
/** Fields that `copy` operations of one patch may add up to: copies of copies would grow without bound. */
const maxCopiedFields = 100_000;

type JsonPatchOperation =
  | { op: 'add' | 'replace' | 'test'; path: string; value: unknown }
  | { op: 'remove'; path: string }
  | { op: 'move' | 'copy'; path: string; from: string };

function checkOperations(value: unknown): JsonPatchOperation[] {
  checkDepth(value);
  if (!Array.isArray(value)) {
    throw malformedPatch(`error decoding patch: json: cannot unmarshal ${jsonTypeName(value)} into Go value of type jsonpatch.Patch`);
  }
  if (value.length > maxJsonPatchOperations) {
    throw newRequestEntityTooLarge(`Request entity too large: The allowed maximum operations in a JSON patch is ${maxJsonPatchOperations}, got ${value.length}`);
  }
  return value.map((operation: unknown, index) => {
    const problem = operationProblem(operation);
    if (problem) throw malformedPatch(`error decoding patch: operation ${index}: ${problem}`);
    return operation as JsonPatchOperation;
  });
}

function operationProblem(operation: unknown): string | undefined {
  if (!isJsonObject(operation)) return 'must be an object';
  const { op, path, from } = operation;
  if (typeof path !== 'string' || !isPointer(path)) return 'path must be a JSON pointer';
  switch (op) {
    case 'add': case 'replace': case 'test': return 'value' in operation ? undefined : `${op} needs a value`;
    case 'remove': return undefined;
    case 'move': case 'copy': return typeof from === 'string' && isPointer(from) ? undefined : `${op} needs from, a JSON pointer`;
    default: return `unexpected kind: ${String(op)}`;
  }
}

function isPointer(text: string): boolean {
  return text === '' || (text.startsWith('/') && !/~(?![01])/.test(text));
}

/**
 * @param original not changed.
 * @param patch the parsed body: a list of operations.
 * @throws StatusError BadRequest when it is none, RequestEntityTooLarge when it is too long, Invalid (422) when an
 * operation does not fit the document or a test fails.
 */
export function applyJsonPatch(original: object, patch: unknown): object {
  const operations = checkOperations(patch);
  const document = new PatchedDocument(structuredClone(original));
  for (const operation of operations) document.apply(operation);
  if (!isJsonObject(document.root)) throw failedOperation('the patched document is no object');
  return document.root;
}

class PatchedDocument {
  root: unknown;
  private copiedFields = 0;

  constructor(root: unknown) {
    this.root = root;
  }

  apply(operation: JsonPatchOperation): void {
    switch (operation.op) {
      case 'add': return this.add(operation.path, structuredClone(operation.value));
      case 'remove': return this.remove(operation.path);
      case 'replace':
        this.get(operation.path);
        return this.set(operation.path, structuredClone(operation.value));
      case 'move': return this.move(operation.from, operation.path);
      case 'copy': return this.add(operation.path, this.copyOf(operation.from));
      case 'test':
        if (!isDeepStrictEqual(this.get(operation.path, true), operation.value ?? undefined)) throw failedOperation(`testing value ${operation.path} failed`);
    }
  }

  private move(from: string, path: string): void {
    if (path === from) return void this.get(from);
    if (path.startsWith(`${from}/`)) throw failedOperation(`cannot move ${from} into itself`);
    const value = this.get(from);
    this.remove(from);
    this.add(path, value);
  }

  private copyOf(from: string): unknown {
    const value = this.get(from);
    this.copiedFields += 1 + countFields(value);
    if (this.copiedFields > maxCopiedFields) throw failedOperation('the copy operations of the patch add too much');
    return structuredClone(value);
  }

  /** The value at a path; with `orNothing`, null and absent are undefined, else what is absent is an error. */
  private get(path: string, orNothing = false): unknown {
    let value = this.root;
    for (const token of tokensOf(path)) {
      if (Array.isArray(value)) value = value[arrayIndex(token, value.length - 1, path)] as unknown;
      else if (isJsonObject(value) && Object.hasOwn(value, token)) value = value[token];
      else if (orNothing) return undefined;
      else throw missing(path);
    }
    return orNothing ? value ?? undefined : value;
  }

  private container(path: string): { parent: unknown; token: string } {
    const tokens = tokensOf(path);
    const token = tokens.pop()!;
    return { parent: this.get(pathOf(tokens)), token };
  }

  private add(path: string, value: unknown): void {
    if (path === '') return void (this.root = value);
    const { parent, token } = this.container(path);
    if (Array.isArray(parent)) parent.splice(token === '-' ? parent.length : arrayIndex(token, parent.length, path), 0, value);
    else if (isJsonObject(parent)) setProperty(parent, token, value);
    else throw missing(path);
  }

  /** Replaces what is there. */
  private set(path: string, value: unknown): void {
    if (path === '') return void (this.root = value);
    const { parent, token } = this.container(path);
    if (Array.isArray(parent)) parent[arrayIndex(token, parent.length - 1, path)] = value;
    else setProperty(parent as Record<string, unknown>, token, value);
  }

  private remove(path: string): void {
    if (path === '') throw failedOperation('cannot remove the whole document');
    const { parent, token } = this.container(path);
    if (Array.isArray(parent)) parent.splice(arrayIndex(token, parent.length - 1, path), 1);
    else if (isJsonObject(parent) && Object.hasOwn(parent, token)) Reflect.deleteProperty(parent, token);
    else throw missing(path);
  }
}

function tokensOf(path: string): string[] {
  return path.split('/').slice(1).map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function pathOf(tokens: readonly string[]): string {
  return tokens.map((token) => `/${token.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

function arrayIndex(token: string, last: number, path: string): number {
  const index = /^(0|[1-9]\d{0,8})$/.test(token) ? Number(token) : -1;
  if (index < 0 || index > last) throw failedOperation(`invalid index ${token} in path ${path}`);
  return index;
}

function missing(path: string): Error {
  return failedOperation(`path ${path} does not exist`);
}
