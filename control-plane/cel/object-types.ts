/** The types of objects that expressions of MutatingAdmissionPolicies make. Counterpart of k8s.io/apiserver/pkg/cel/mutation. */
import { dyn, string, type CelType } from './types.ts';

/** An object whose fields nobody declares. */
export const objectType = (name: string): CelType => ({ kind: 'object', name, fields: new Map(), open: true });

export const jsonPatchTypeName = 'JSONPatch';
export const jsonPatchType: CelType = { kind: 'object', name: jsonPatchTypeName, fields: new Map([['op', string], ['path', string], ['from', string], ['value', dyn]]) };

/** @returns undefined for what is no object that an expression may make. */
export function literalType(name: string): CelType | undefined {
  if (name === jsonPatchTypeName) return jsonPatchType;
  return name === 'Object' || name.startsWith('Object.') ? objectType(name) : undefined;
}
