/** Objects by key, and by the values that index functions give them. */
import type { KubernetesObject } from '../api/meta.ts';

interface Index<T extends KubernetesObject> {
  valuesOf: (object: T) => readonly string[];
  byValue: Map<string, Map<string, T>>;
}

export class ObjectIndex<T extends KubernetesObject> {
  private readonly objects = new Map<string, T>();
  private readonly indexes = new Map<string, Index<T>>();

  /** @throws when the name is taken or objects are there already. */
  addIndex(name: string, valuesOf: Index<T>['valuesOf']): void {
    if (this.indexes.has(name)) throw new Error(`index ${name} exists`);
    if (this.objects.size > 0) throw new Error(`index ${name} comes too late`);
    this.indexes.set(name, { valuesOf, byValue: new Map() });
  }

  get(key: string): T | undefined {
    return this.objects.get(key);
  }

  keys(): string[] {
    return [...this.objects.keys()];
  }

  all(): T[] {
    return [...this.objects.values()];
  }

  /** @throws when there is no such index. */
  by(name: string, value: string): T[] {
    const index = this.indexes.get(name);
    if (!index) throw new Error(`there is no index ${name}`);
    return [...(index.byValue.get(value)?.values() ?? [])];
  }

  set(key: string, object: T): void {
    this.delete(key);
    this.objects.set(key, object);
    for (const { valuesOf, byValue } of this.indexes.values()) {
      for (const value of valuesOf(object)) {
        const entries = byValue.get(value);
        if (entries) entries.set(key, object);
        else byValue.set(value, new Map([[key, object]]));
      }
    }
  }

  delete(key: string): void {
    const object = this.objects.get(key);
    if (object === undefined) return;
    this.objects.delete(key);
    for (const { valuesOf, byValue } of this.indexes.values()) {
      for (const value of valuesOf(object)) {
        const entries = byValue.get(value);
        entries?.delete(key);
        if (entries?.size === 0) byValue.delete(value);
      }
    }
  }
}
