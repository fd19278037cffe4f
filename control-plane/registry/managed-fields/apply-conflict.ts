/** What server-side apply answers when others own what it would change. */
import { StatusError } from '../../../api/errors.ts';
import { difference, formatPaths, isEmptySet, type FieldSet } from '../../../api/field-path/field-set.ts';
import type { Ownership } from './manager-entries.ts';

export interface ApplyConflict {
  owner: Ownership;
  fields: FieldSet;
}

/** The conflicts about other fields than these. */
export function conflictsBeyond(conflicts: readonly ApplyConflict[], allowed: FieldSet): ApplyConflict[] {
  return conflicts.map(({ owner, fields }) => ({ owner, fields: difference(fields, allowed) })).filter(({ fields }) => !isEmptySet(fields));
}

/** 409 with a cause for each field. */
export function newApplyConflict(conflicts: readonly ApplyConflict[]): StatusError {
  const sorted = conflicts.map(({ owner, fields }) => ({ name: describe(owner), paths: formatPaths(fields) })).sort((a, b) => (a.name < b.name ? -1 : 1));
  const causes = sorted.flatMap(({ name, paths }) => paths.map((field) => ({ reason: 'FieldManagerConflict', message: `conflict with ${name}`, field })));
  const message = causes.length === 1
    ? `Apply failed with 1 conflict: ${causes[0]!.message}: ${causes[0]!.field}`
    : `Apply failed with ${causes.length} conflicts: ${sorted.map(({ name, paths }) => [`conflicts with ${name}:`, ...paths.map((path) => `- ${path}`)].join('\n')).join('\n')}`;
  return new StatusError({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason: 'Conflict', details: { causes }, code: 409 });
}

/** `"kubectl" using apps/v1` */
function describe({ manager, operation, subresource, apiVersion }: Ownership): string {
  const name = JSON.stringify(manager) + (subresource === '' ? '' : ` with subresource ${JSON.stringify(subresource)}`);
  return operation === 'Update' ? `${name} using ${apiVersion}` : name;
}
