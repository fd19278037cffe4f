/** Which of the names that a definition asks for it gets. Follows apiextensions' controller/status. */
import { deepEqual } from '../registry/deep-equal.ts';
import { findCondition, withCondition, type Condition, type Definition, type Names } from './definition.ts';

export interface Naming {
  acceptedNames: Names;
  conditions: Condition[];
}

/** @param others the other definitions of the group. */
export function planNaming(definition: Definition, others: readonly Definition[], now: string): Naming {
  const taken = takenNames(others);
  const wanted = definition.spec.names;
  const accepted: Names = { ...(definition.status?.acceptedNames ?? { plural: '', kind: '' }) };
  let conflict: { reason: string; message: string } | undefined;
  const isFresh = (name: string | undefined, own: string | undefined, used: ReadonlySet<string>): boolean => !name || name === own || !used.has(name);
  const claim = (field: 'plural' | 'singular' | 'kind' | 'listKind', reason: string, used: ReadonlySet<string>): void => {
    const name = wanted[field];
    if (isFresh(name, accepted[field], used)) {
      if (name !== undefined) accepted[field] = name;
    } else conflict = { reason, message: `"${name}" is already in use` };
  };
  claim('plural', 'PluralConflict', taken.resources);
  claim('singular', 'SingularConflict', taken.resources);
  if (!deepEqual(wanted.shortNames, accepted.shortNames)) {
    const refused = (wanted.shortNames ?? []).filter((name) => !accepted.shortNames?.includes(name) && taken.resources.has(name));
    if (refused.length > 0) conflict = { reason: 'ShortNamesConflict', message: formatErrors(refused.map((name) => `"${name}" is already in use`)) };
    else if (wanted.shortNames) accepted.shortNames = wanted.shortNames;
    else delete accepted.shortNames;
  }
  claim('kind', 'KindConflict', taken.kinds);
  claim('listKind', 'ListKindConflict', taken.kinds);
  if (wanted.categories) accepted.categories = wanted.categories;
  else delete accepted.categories;
  return { acceptedNames: accepted, conditions: conditionsOf(definition, conflict, now) };
}

function conditionsOf(definition: Definition, conflict: { reason: string; message: string } | undefined, now: string): Condition[] {
  const before = definition.status?.conditions ?? [];
  const named = withCondition(before, conflict
    ? { type: 'NamesAccepted', status: 'False', ...conflict }
    : { type: 'NamesAccepted', status: 'True', reason: 'NoConflicts', message: 'no conflicts found' }, now);
  if (findCondition(definition, 'Established')?.status === 'True') return named;
  return withCondition(named, conflict
    ? { type: 'Established', status: 'False', reason: 'NotAccepted', message: 'not all names are accepted' }
    : { type: 'Established', status: 'True', reason: 'InitialNamesAccepted', message: 'the initial names have been accepted' }, now);
}

function takenNames(others: readonly Definition[]): { resources: Set<string>; kinds: Set<string> } {
  const resources = new Set<string>();
  const kinds = new Set<string>();
  for (const { status } of others) {
    const names = status?.acceptedNames;
    if (!names) continue;
    for (const name of [names.plural, names.singular, ...names.shortNames ?? []]) if (name) resources.add(name);
    for (const name of [names.kind, names.listKind]) if (name) kinds.add(name);
  }
  return { resources, kinds };
}

function formatErrors(texts: readonly string[]): string {
  return texts.length === 1 ? texts[0]! : `[${texts.join(', ')}]`;
}
