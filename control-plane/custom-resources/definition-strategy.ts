/** The strategy of CustomResourceDefinitions. Follows apiextensions' registry/customresourcedefinition/strategy.go. */
import { customResourceDefinitions } from '../../api/resources.ts';
import { deepEqual } from '../registry/deep-equal.ts';
import { plainStrategy, type Strategy } from '../registry/strategy.ts';
import { cleanupFinalizer, storageVersionOf, withCondition, type Definition, type Version } from './definition.ts';
import { isKnownFormat } from './formats.ts';
import type { Schema } from './schema-node.ts';
import { validateDefinition, validateDefinitionStatus, validateDefinitionUpdate } from './validate-definition.ts';
import { validateRules } from './validate-rules.ts';

function unknownFormats({ spec }: Definition): string[] {
  const found = (schema: Schema | undefined): string[] => (schema === undefined ? [] : [
    ...(schema.format && !isKnownFormat(schema.format, schema.type) ? [schema.format] : []),
    ...Object.values(schema.properties ?? {}).flatMap(found), ...found(schema.items),
    ...(typeof schema.additionalProperties === 'object' ? found(schema.additionalProperties) : []),
    ...[...schema.allOf ?? [], ...schema.anyOf ?? [], ...schema.oneOf ?? []].flatMap(found), ...found(schema.not),
  ]);
  return spec.versions.flatMap(({ schema }) => found(schema?.openAPIV3Schema as Schema | undefined));
}

/** @param now RFC 3339. */
export function createDefinitionStrategy(now: () => string): Strategy<Definition> {
  return {
    ...plainStrategy,
    resource: customResourceDefinitions,
    allowUnconditionalUpdate: false,
    defaults(definition) {
      const spec = definition.spec as Definition['spec'] | undefined;
      // What is not there at all is refused by validation, by its name.
      definition.spec = { group: '', scope: '', ...spec, names: { ...{ kind: '', plural: '' }, ...spec?.names }, versions: (spec?.versions ?? []).map((version: Partial<Version>) => ({ ...version, name: version.name ?? '', served: version.served ?? false, storage: version.storage ?? false })) };
      const { names } = definition.spec;
      if (!names.singular && names.kind) names.singular = names.kind.toLowerCase();
      if (!names.listKind && names.kind) names.listKind = `${names.kind}List`;
      definition.spec.conversion ??= { strategy: 'None' };
      const service = definition.spec.conversion.webhook?.clientConfig?.service;
      if (service) service.port ??= 443;
      // Only the old API had it true; false is the same as nothing.
      if (definition.spec.preserveUnknownFields === false) delete definition.spec.preserveUnknownFields;
    },
    prepareForCreate(definition) {
      const storage = storageVersionOf(definition);
      definition.status = { acceptedNames: { plural: '', kind: '' }, conditions: [], storedVersions: storage ? [storage.name] : [] };
    },
    prepareForUpdate(definition, old) {
      definition.status = structuredClone(old.status ?? { acceptedNames: { plural: '', kind: '' }, conditions: [], storedVersions: [] });
      const storage = storageVersionOf(definition);
      const stored = definition.status.storedVersions ??= [];
      if (storage && !stored.includes(storage.name)) definition.status.storedVersions = [...stored, storage.name];
    },
    prepareForStatusUpdate(definition, old) {
      definition.spec = old.spec;
    },
    warnings(definition, old) {
      const known = new Set(old ? unknownFormats(old) : []);
      return unknownFormats(definition).filter((format) => !known.has(format)).map((format) => `unrecognized format ${JSON.stringify(format)}`);
    },
    validate: (definition) => validateDefinition(definition, validateRules),
    validateUpdate: (definition, old) => validateDefinitionUpdate(definition, old, validateRules),
    validateStatusUpdate: validateDefinitionStatus,
    generationChanged: (definition, old) => !deepEqual(definition.spec, old.spec),
    // Its objects go first: a deletion waits for them, behind a finalizer that it sets itself.
    isHeld: (definition) => definition.metadata?.deletionTimestamp === undefined,
    prepareForDelete(definition) {
      const { finalizers = [] } = definition.metadata ?? {};
      if (!finalizers.includes(cleanupFinalizer)) definition.metadata = { ...definition.metadata, finalizers: [...finalizers, cleanupFinalizer] };
      definition.status = {
        acceptedNames: { plural: '', kind: '' }, storedVersions: [], ...definition.status,
        conditions: withCondition(definition.status?.conditions ?? [], {
          type: 'Terminating', status: 'True', reason: 'InstanceDeletionPending', message: 'CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon',
        }, now()),
      };
    },
  };
}
