/** The same object in the other versions and groups that show it: what webhooks and policies ask for. */
import type { KubernetesObject } from '../../api/meta.ts';
import type { Resource } from '../../api/resource.ts';
import type { Conversion } from './converted-registry.ts';
import type { ResourceCatalog } from './resource-catalog.ts';

export class ObjectConverter {
  private readonly catalog: Pick<ResourceCatalog, 'resources' | 'onChange'>;
  private readonly conversionOf: (resource: Resource) => Conversion<KubernetesObject, KubernetesObject> | undefined;
  /** Stored row → every row that shows it, itself included. Rows that stand alone have no entry. */
  private families: ReadonlyMap<Resource, readonly Resource[]> | undefined;

  constructor(catalog: Pick<ResourceCatalog, 'resources' | 'onChange'>, conversionOf: (resource: Resource) => Conversion<KubernetesObject, KubernetesObject> | undefined) {
    this.catalog = catalog;
    this.conversionOf = conversionOf;
    catalog.onChange(() => { this.families = undefined; });
  }

  /** The rows that show the same objects, without the given one. */
  equivalents(resource: Resource): readonly Resource[] {
    this.families ??= familiesOf(this.catalog.resources);
    return (this.families.get(resource.storedAs ?? resource) ?? []).filter((row) => row !== resource);
  }

  /** @param object is not changed; it may be the result, where nothing differs. */
  async convert(object: KubernetesObject, from: Resource, to: Resource): Promise<KubernetesObject> {
    if (from === to) return object;
    const stored = from.storedAs ? await this.of(from).toStored(object) : object;
    return to.storedAs ? this.of(to).fromStored(stored) : stored;
  }

  private of(resource: Resource): Conversion<KubernetesObject, KubernetesObject> {
    const conversion = this.conversionOf(resource);
    if (!conversion) throw new RangeError(`nothing converts ${resource.plural}.${resource.version}.${resource.group}`);
    return conversion;
  }
}

function familiesOf(rows: readonly Resource[]): Map<Resource, readonly Resource[]> {
  const families = new Map<Resource, readonly Resource[]>();
  for (const row of rows) {
    const stored = row.storedAs;
    if (stored) families.set(stored, [...families.get(stored) ?? [stored], row]);
  }
  return families;
}
