/** The columns of a custom kind. Follows apiextensions' registry/customresource/tableconvertor. */
import type { CustomResourceColumnDefinition } from 'kubernetes-types/apiextensions/v1';
import type { KubernetesObject } from '../../api/meta.ts';
import type { CustomColumn } from '../../api/resource.ts';
import { humanDuration } from '../apiserver/printers/human-duration.ts';
import { compileJsonPath } from './json-path.ts';

export interface CustomPrinter {
  columns: readonly CustomColumn[];
  cells(object: KubernetesObject, now: number): unknown[];
}

const nameColumn: CustomColumn = {
  name: 'Name', type: 'string', format: 'name', priority: 0,
  description: 'Name must be unique within a namespace. Is required when creating resources, although some resources may allow a client to request the generation of an appropriate name automatically. Name is primarily intended for creation idempotence and configuration definition. Cannot be updated. More info: https://kubernetes.io/docs/concepts/overview/working-with-objects/names#names',
};

const ageDefinition: CustomResourceColumnDefinition = {
  name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp',
  description: 'CreationTimestamp is a timestamp representing the server time when this object was created. It is not guaranteed to be set in happens-before order across separate operations. Clients may not set this value. It is represented in RFC3339 form and is in UTC.\n\nPopulated by the system. Read-only. Null for lists. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata',
};

/** @param definitions additionalPrinterColumns; without any there is the age. */
export function createPrinter(definitions: readonly CustomResourceColumnDefinition[] | undefined): CustomPrinter {
  const wanted = definitions && definitions.length > 0 ? definitions : [ageDefinition];
  const columns = wanted.map((definition) => ({
    name: definition.name, type: definition.type, format: definition.format ?? '', priority: definition.priority ?? 0,
    description: definition.description || `Custom resource definition column (in JSONPath format): ${definition.jsonPath}`,
  }));
  const finders = wanted.map(({ jsonPath, type }) => ({ find: compileJsonPath(jsonPath), type }));
  return {
    columns: [nameColumn, ...columns],
    cells: (object, now) => [object.metadata?.name ?? '', ...finders.map(({ find, type }) => cell(find(object), type, now))],
  };
}

function cell(found: readonly unknown[], type: string, now: number): unknown {
  if (found.length === 0) return null;
  if (type === 'string') return found.map(textOf).join(' ');
  const value = found[0];
  switch (type) {
    case 'integer':
      if (typeof value === 'number') return Math.trunc(value);
      return typeof value === 'string' && /^-?\d+$/.test(value) ? Number(value) : null;
    case 'number': return typeof value === 'number' ? value : null;
    case 'boolean': return typeof value === 'boolean' ? value : null;
    case 'date': {
      if (typeof value !== 'string') return '<invalid>';
      const time = Date.parse(value);
      return Number.isNaN(time) ? '<invalid>' : humanDuration(now - time);
    }
    default: return null;
  }
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
