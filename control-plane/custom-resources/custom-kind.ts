/** The rows of a CustomResourceDefinition: one for each served version, with its strategy and its view of the store. */
import type { KubernetesObject } from '../../api/meta.ts';
import { apiVersionOf, defineResource, type CustomKind, type CustomScale, type Resource, type Subresource } from '../../api/resource.ts';
import type { Strategy } from '../registry/strategy.ts';
import { createPrinter } from './columns.ts';
import { createCustomStrategy, type CustomObject } from './custom-strategy.ts';
import type { StorageForm } from './custom-storage.ts';
import { decodeCustom } from './decode-custom.ts';
import { applyDefaults, dropNulls, needsDefaults } from './default-values.ts';
import type { Definition, Version } from './definition.ts';
import { needsPruning, prune } from './prune.ts';
import type { RuleChecker } from './rules.ts';
import { compileSchema, type Schema, type SchemaNode } from './schema-node.ts';

export interface CustomVersion {
  resource: Resource<CustomObject>;
  strategy: Strategy<CustomObject>;
  /** The store, without conversion by webhook. */
  form: StorageForm;
  node: SchemaNode;
}

export interface CustomVersionOptions {
  definition: Definition;
  version: Version;
  /** The row of the storage version; undefined when this is it. */
  storedAs: Resource | undefined;
  compileRules: (node: SchemaNode) => RuleChecker | undefined;
}

export function createCustomVersion({ definition, version, storedAs, compileRules }: CustomVersionOptions): CustomVersion {
  const { group, scope } = definition.spec;
  const names = definition.status?.acceptedNames ?? definition.spec.names;
  const schema = version.schema?.openAPIV3Schema as Schema | undefined;
  const node = compileSchema(schema ?? { type: 'object', 'x-kubernetes-preserve-unknown-fields': true });
  const apiVersion = apiVersionOf({ group, version: version.name });
  const listKind = names.listKind ?? `${names.kind}List`;
  const printer = createPrinter(version.additionalPrinterColumns);
  const scale = scaleOf(version);
  const warning = deprecationWarning(definition, version);
  const custom: CustomKind = {
    listKind,
    openAPISchema: version.schema?.openAPIV3Schema,
    columns: printer.columns,
    cells: (object, now) => printer.cells(object, now),
    decode: (input, options) => decodeCustom({ apiVersion, kind: names.kind }, node, input, options),
    ...(scale ? { scale } : {}),
    ...(warning === undefined ? {} : { deprecationWarning: warning }),
  };
  const resource = defineResource<CustomObject>({
    group, version: version.name, kind: names.kind, plural: names.plural, namespaced: scope === 'Namespaced',
    singular: names.singular ?? names.kind.toLowerCase(), shortNames: names.shortNames ?? [], categories: names.categories ?? [],
    subresources: subresourcesOf(version), schema: `${group}.${version.name}.${names.kind}`, custom,
    ...(storedAs ? { storedAs } : {}),
  });
  return {
    resource, node,
    strategy: createCustomStrategy({ resource, node, rules: compileRules(node), selectableFields: (version.selectableFields ?? []).map(({ jsonPath }) => jsonPath) }),
    form: createForm(apiVersion, node, apiVersionOf({ group, version: definition.spec.versions.find(({ storage }) => storage)?.name ?? version.name })),
  };
}

function createForm(apiVersion: string, node: SchemaNode, storageVersion: string): StorageForm {
  return {
    read(stored) {
      const sameVersion = stored.apiVersion === apiVersion;
      if (sameVersion && !needsPruning(stored, node) && !needsDefaults(stored, node)) return stored;
      const object = structuredClone(stored) as KubernetesObject & Record<string, unknown>;
      object.apiVersion = apiVersion;
      prune(object, node);
      applyDefaults(object, node);
      dropNulls(object, node);
      return object;
    },
    write: (object) => (object.apiVersion === storageVersion ? object : { ...object, apiVersion: storageVersion }),
    isStale: ({ apiVersion: storedAs }) => storedAs !== storageVersion,
  };
}

function subresourcesOf({ subresources }: Version): Subresource[] {
  return [...(subresources?.status ? ['status' as const] : []), ...(subresources?.scale ? ['scale' as const] : [])];
}

function scaleOf({ subresources }: Version): CustomScale | undefined {
  const scale = subresources?.scale;
  if (!scale) return undefined;
  const path = (text: string): string[] => text.slice(1).split('.');
  return {
    specReplicas: path(scale.specReplicasPath), statusReplicas: path(scale.statusReplicasPath),
    ...(scale.labelSelectorPath ? { labelSelector: path(scale.labelSelectorPath) } : {}),
  };
}

function deprecationWarning({ spec }: Definition, version: Version): string | undefined {
  if (!version.deprecated) return undefined;
  if (version.deprecationWarning !== undefined) return version.deprecationWarning;
  const own = `${spec.group}/${version.name} ${spec.names.kind} is deprecated`;
  const newer = spec.versions.filter(({ served, deprecated, name }) => served && !deprecated && name !== version.name).map(({ name }) => name);
  return newer.length > 0 ? `${own}; use ${spec.group}/${newer[0]} ${spec.names.kind}` : own;
}
