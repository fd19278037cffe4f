/**
 * The kinds that this cluster serves at the moment: the built-in ones and those that CustomResourceDefinitions add. Whoever
 * must see custom kinds (routes, discovery, OpenAPI, garbage collection, namespaces, quota) asks here, not the table.
 */
import { apiVersionOf, builtInResources, type Resource } from '../../api/resources.ts';

export interface ResourceCatalog {
  /** Every row that is served, in the order of discovery; built-in ones first. A new array after each change. */
  readonly resources: readonly Resource[];
  find(group: string, version: string, plural: string): Resource | undefined;
  findKind(apiVersion: string, kind: string): Resource | undefined;
  /** Called after each change. @returns takes the listener away. */
  onChange(listener: () => void): () => void;
}

export class MutableResourceCatalog implements ResourceCatalog {
  private rows: readonly Resource[] = builtInResources;
  private byPath = indexBy(builtInResources, pathOf);
  private byKind = indexBy(builtInResources, kindOf);
  private readonly listeners = new Set<() => void>();

  get resources(): readonly Resource[] {
    return this.rows;
  }

  find(group: string, version: string, plural: string): Resource | undefined {
    return this.byPath.get(pathOf({ group, version, plural }));
  }

  findKind(apiVersion: string, kind: string): Resource | undefined {
    return this.byKind.get(`${apiVersion} ${kind}`);
  }

  onChange(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Replaces the custom rows. Row objects of kinds that did not change must be the same as before. */
  setCustomResources(custom: readonly Resource[]): void {
    this.rows = [...builtInResources, ...custom];
    this.byPath = indexBy(this.rows, pathOf);
    this.byKind = indexBy(this.rows, kindOf);
    for (const listener of this.listeners) listener();
  }
}

function pathOf({ group, version, plural }: Pick<Resource, 'group' | 'version' | 'plural'>): string {
  return `${group}/${version}/${plural}`;
}

function kindOf(row: Resource): string {
  return `${apiVersionOf(row)} ${row.kind}`;
}

function indexBy(rows: readonly Resource[], keyOf: (row: Resource) => string): Map<string, Resource> {
  return new Map(rows.map((row) => [keyOf(row), row]));
}
