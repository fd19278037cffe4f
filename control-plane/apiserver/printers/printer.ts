/** How a kind looks in `kubectl get`. */
import type { KubernetesObject } from '../../../api/meta.ts';

/** meta.k8s.io/v1 TableColumnDefinition. */
export interface Column {
  name: string;
  /** `string`, `integer`, `number`, `boolean` or `date`. */
  type: string;
  /** 'name' marks the column that identifies the row. */
  format: string;
  description: string;
  /** 0 always, 1 only with `-o wide`. */
  priority: number;
}

export type Cell = string | number | boolean;

/** Columns and the cells of one object, in the same order. Names, order and texts are those of Kubernetes' pkg/printers/internalversion. */
export interface Printer<T extends KubernetesObject = KubernetesObject> {
  columns: readonly Column[];
  /** @param now milliseconds since the epoch, for ages. */
  cells(object: T, now: number): unknown[];
}

export const nameColumn: Column = {
  name: 'Name', type: 'string', format: 'name', priority: 0,
  description: 'Name must be unique within a namespace. Is required when creating resources, although some resources may allow a client to request the generation of an appropriate name automatically.',
};

export function column(name: string, options: Partial<Omit<Column, 'name'>> = {}): Column {
  return { name, type: 'string', format: '', description: '', priority: 0, ...options };
}

export function wideColumn(name: string, description = ''): Column {
  return column(name, { priority: 1, description });
}

export const ageColumn = column('Age', { description: 'CreationTimestamp is a timestamp representing the server time when this object was created.' });
