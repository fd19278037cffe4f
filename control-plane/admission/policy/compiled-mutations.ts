/** A MutatingAdmissionPolicy with its expressions compiled, and what its mutations make of an object. */
import type { MutatingAdmissionPolicy } from '../../../api/admissionregistration.ts';
import { checkFields } from '../../../api/field-path/check-fields.ts';
import { isObject, resolveSchema, type FieldSchema } from '../../../api/field-path/field-schema.ts';
import { mergeFields } from '../../../api/field-path/merge-fields.ts';
import type { KubernetesObject } from '../../../api/meta.ts';
import { applyJsonPatch } from '../../../api/patch/json-patch.ts';
import { jsonPatchType, objectType } from '../../cel/object-types.ts';
import type { CelBudget } from '../../cel/program.ts';
import { listOf } from '../../cel/types.ts';
import type { CompileExpression } from './compile-expression.ts';
import { compileParts, run, type CompiledParts, type Expression } from './compiled-policy.ts';

interface CompiledMutation {
  /** Where the expression is, below the mutation. */
  field: 'applyConfiguration' | 'jsonPatch';
  expression: Expression;
}

export interface CompiledMutatingPolicy extends Pick<CompiledParts, 'conditions' | 'variables'> {
  mutations: readonly CompiledMutation[];
}

export function compileMutatingPolicy({ spec = {} }: MutatingAdmissionPolicy, compile: CompileExpression): CompiledMutatingPolicy {
  const { one, conditions, variables } = compileParts(spec, compile);
  const mutations = (spec.mutations ?? []).map(({ patchType, applyConfiguration, jsonPatch }): CompiledMutation => (patchType === 'JSONPatch'
    ? { field: 'jsonPatch', expression: one(jsonPatch?.expression ?? '', { result: [listOf(jsonPatchType)], objects: true }) }
    : { field: 'applyConfiguration', expression: one(applyConfiguration?.expression ?? '', { result: [objectType('Object')], objects: true }) }));
  return { conditions, variables, mutations };
}

/**
 * @param shown is not changed. @param schema how its fields merge.
 * @throws Error that says what is wrong with the mutation.
 */
export function mutate({ field, expression }: CompiledMutation, shown: KubernetesObject, { schema, variables, budget }: { schema: FieldSchema; variables: Readonly<Record<string, unknown>>; budget: CelBudget }): KubernetesObject {
  const value = toJson(run(expression, variables, budget));
  return field === 'jsonPatch' ? patched(shown, value as readonly unknown[]) : applied(shown, value as Record<string, unknown>, schema);
}

function patched(shown: KubernetesObject, patch: readonly unknown[]): KubernetesObject {
  try {
    return applyJsonPatch(shown, patch);
  } catch (error) {
    const { cause, message: text } = error as Error;
    const message = cause instanceof Error ? cause.message : text;
    // A test that fails is how an expression says that it has nothing to do.
    if (/testing value .* failed/.test(message)) return shown;
    throw new Error(`JSON Patch: ${message}`, { cause: error });
  }
}

function applied(shown: KubernetesObject, configuration: Record<string, unknown>, schema: FieldSchema): KubernetesObject {
  try {
    checkFields(schema, configuration);
  } catch (error) {
    throw new Error(`error applying patch: failed to convert patch object to typed object: ${(error as Error).message}`, { cause: error });
  }
  const atomics: string[] = [];
  findAtomics(schema, configuration, '', atomics);
  if (atomics.length > 0) throw new Error(`error applying patch: invalid ApplyConfiguration: may not mutate atomic arrays, maps or structs: ${atomics.join(', ')}`);
  try {
    return mergeFields(schema, shown, configuration);
  } catch (error) {
    throw new Error(`error applying patch: failed to merge patch: ${(error as Error).message}`, { cause: error });
  }
}

/** What is replaced as a whole would lose what the policy does not mention. */
function findAtomics(schema: FieldSchema, value: unknown, path: string, found: string[]): void {
  // Of what nobody declares Kubernetes knows nothing either.
  if (schema.kind === 'deduced') return;
  const resolved = resolveSchema(schema, value);
  if (resolved.kind === 'map' && isObject(value)) {
    if (resolved.atomic) found.push(path);
    for (const [key, child] of Object.entries(value)) {
      const declared = resolved.field(key);
      if (declared) findAtomics(declared.schema, child, `${path}.${key}`, found);
    }
  } else if (resolved.kind === 'list' && Array.isArray(value)) {
    if (resolved.atomic) found.push(path);
    value.forEach((item, index) => findAtomics(resolved.item, item, `${path}[${index}]`, found));
  }
}

/** Numbers and bytes of CEL as JSON has them. */
function toJson(value: unknown): unknown {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  if (Array.isArray(value)) return value.map(toJson);
  if (typeof value === 'object' && value !== null) return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, toJson(child)]));
  return value;
}
