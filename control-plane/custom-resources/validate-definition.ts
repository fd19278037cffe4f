/** Validation of CustomResourceDefinitions. Follows apiextensions' pkg/apis/apiextensions/validation, version v1. */
import type { CustomResourceConversion, CustomResourceSubresources, CustomResourceColumnDefinition, WebhookConversion } from 'kubernetes-types/apiextensions/v1';
import { validateClientConfig, validateReviewVersions } from '../registry/admissionregistration/webhooks.ts';
import { deepEqual } from '../registry/deep-equal.ts';
import { forbidden, immutable, invalid, notSupported, required, type FieldError } from '../registry/validation/field-errors.ts';
import { dns1035Label, dnsSubdomain } from '../registry/validation/names.ts';
import { approvalAnnotation, approvalOf, hasCondition, isProtectedGroup, type Definition, type Names, type Version } from './definition.ts';
import { compileJsonPath, JsonPathError } from './json-path.ts';
import type { Schema } from './schema-node.ts';
import { validateSchema } from './validate-schema.ts';

/** Compile errors of the rules of a schema, and rules that may cost too much. */
export type RuleValidation = (schema: Schema, path: string) => FieldError[];

const columnTypes = ['integer', 'number', 'string', 'boolean', 'date'];
const columnFormats = ['int32', 'int64', 'float', 'double', 'byte', 'date', 'date-time', 'password'];

/** Of a new one: only then the name is looked at. */
export function validateDefinition(definition: Definition, validateRules: RuleValidation): FieldError[] {
  const { spec, metadata } = definition;
  // A missing name has been refused already.
  const named = !metadata?.name || metadata.name === `${spec.names.plural}.${spec.group}`;
  return [...(named ? [] : [invalid('metadata.name', metadata.name, 'must be spec.names.plural+"."+spec.group')]), ...validateContent(definition, validateRules)];
}

function validateContent(definition: Definition, validateRules: RuleValidation): FieldError[] {
  const { spec, metadata } = definition;
  const errors = validateSpec(definition, validateRules);
  if (isProtectedGroup(spec.group)) {
    const { approval, reason } = approvalOf(metadata?.annotations);
    const at = `metadata.annotations[${approvalAnnotation}]`;
    if (approval === 'missing') errors.push(required(at, reason));
    if (approval === 'invalid') errors.push(invalid(at, metadata?.annotations?.[approvalAnnotation], reason));
  }
  return errors;
}

export function validateDefinitionUpdate(definition: Definition, old: Definition, validateRules: RuleValidation): FieldError[] {
  const { spec } = definition;
  // What has been accepted once may stay, though it would be refused today.
  const unchanged = deepEqual(spec, old.spec);
  const known = (schema: Schema): boolean => old.spec.versions.some((version) => deepEqual(version.schema?.openAPIV3Schema, schema));
  const errors = unchanged ? [] : validateContent(definition, (schema, path) => (known(schema) ? [] : validateRules(schema, path)));
  if (hasCondition(old, 'Established')) {
    errors.push(
      ...immutable('spec.scope', spec.scope, spec.scope === old.spec.scope),
      ...immutable('spec.names.kind', spec.names.kind, spec.names.kind === old.spec.names.kind),
    );
  }
  errors.push(
    ...immutable('spec.group', spec.group, spec.group === old.spec.group),
    ...immutable('spec.names.plural', spec.names.plural, spec.names.plural === old.spec.names.plural),
    ...validateStoredVersions(definition),
  );
  return errors;
}

export function validateDefinitionStatus(definition: Definition): FieldError[] {
  const { status } = definition;
  return [
    ...(status?.acceptedNames ? validateNames(status.acceptedNames, 'status.acceptedNames') : []),
    ...((status?.storedVersions ?? []).length === 0 ? [invalid('status.storedVersions', [], 'must have at least one stored version')] : []),
    ...validateStoredVersions(definition),
  ];
}

function validateStoredVersions({ spec, status }: Definition): FieldError[] {
  const names = new Set(spec.versions.map(({ name }) => name));
  const errors = (status?.storedVersions ?? []).flatMap((name, index) => (names.has(name) ? [] : [invalid(`status.storedVersions[${index}]`, name, 'missing from spec.versions; v1 was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in v1 and removes v1 from status.storedVersions'.replaceAll('v1', name))]));
  return errors;
}

function validateSpec({ spec }: Definition, validateRules: RuleValidation): FieldError[] {
  const errors: FieldError[] = [];
  if (!spec.group) errors.push(required('spec.group'));
  else if (dnsSubdomain(spec.group).length > 0) errors.push(invalid('spec.group', spec.group, dnsSubdomain(spec.group).join(',')));
  else if (!spec.group.includes('.')) errors.push(invalid('spec.group', spec.group, 'should be a domain with at least one dot'));
  if (!spec.scope) errors.push(required('spec.scope'));
  else if (spec.scope !== 'Cluster' && spec.scope !== 'Namespaced') errors.push(notSupported('spec.scope', spec.scope, ['Cluster', 'Namespaced']));
  if (spec.preserveUnknownFields === true) {
    errors.push(invalid('spec.preserveUnknownFields', true, 'cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead'));
  }
  errors.push(...validateVersions(spec.versions, validateRules), ...requireNames(spec.names), ...validateNames(spec.names, 'spec.names'), ...validateConversion(spec.conversion));
  return errors;
}

function validateVersions(versions: readonly Version[], validateRules: RuleValidation): FieldError[] {
  const errors = versions.flatMap(({ name = '' }: Partial<Version>, index) => {
    const rule = dns1035Label(name);
    return rule.length > 0 ? [invalid(`spec.versions[${index}].name`, name, rule.join(','))] : [];
  });
  versions.forEach((version, index) => {
    errors.push(...validateDeprecationWarning(version, `spec.versions[${index}].deprecationWarning`));
    if (!version.schema?.openAPIV3Schema) errors.push(required(`spec.versions[${index}].schema.openAPIV3Schema`));
  });
  // Versions that agree are one to Kubernetes, and its paths say so.
  const shared = <K extends keyof Version>(name: K): boolean => versions.every((version) => deepEqual(version[name], versions[0]![name]));
  const shown = (): unknown => internalVersions(versions, shared);
  if (new Set(versions.map(({ name }) => name)).size < versions.length) errors.push(invalid('spec.versions', shown(), 'must contain unique version names'));
  if (versions.filter(({ storage }) => storage).length !== 1) errors.push(invalid('spec.versions', shown(), 'must have exactly one version marked as storage version'));
  const [first] = versions;
  if (first?.name && dns1035Label(first.name).length > 0) errors.push(invalid('spec.version', first.name, dns1035Label(first.name).join(',')));
  const each = (name: keyof Version, check: (version: Version, path: string) => FieldError[]): void => {
    if (versions.length === 0) return;
    if (shared(name)) errors.push(...check(versions[0]!, 'spec'));
    else versions.forEach((version, index) => errors.push(...check(version, `spec.versions[${index}]`)));
  };
  each('schema', ({ schema, subresources }, path) => {
    if (!schema?.openAPIV3Schema) return [];
    const at = `${path === 'spec' ? 'spec.validation' : `${path}.schema`}.openAPIV3Schema`;
    const wanted = schema.openAPIV3Schema as unknown as Schema;
    const hasStatus = path === 'spec' ? versions.some((version) => version.subresources?.status) : subresources?.status !== undefined;
    const atRoot = [...(hasStatus ? validateRootWithStatus(wanted, at) : []), ...(wanted.nullable ? [forbidden(`${at}.nullable`, 'nullable cannot be true at the root')] : [])];
    const structural = validateSchema(wanted, at);
    return [...atRoot, ...(structural.length > 0 ? structural : validateRules(wanted, at))];
  });
  each('subresources', ({ subresources }, path) => validateSubresources(subresources, `${path}.subresources`));
  each('additionalPrinterColumns', ({ additionalPrinterColumns }, path) => (additionalPrinterColumns ?? []).flatMap((column, index) => validateColumn(column, `${path}.additionalPrinterColumns[${index}]`)));
  each('selectableFields', (version, path) => validateSelectableFields(version, `${path}.selectableFields`));
  return errors;
}

function validateDeprecationWarning({ deprecated, deprecationWarning: text }: Version, path: string): FieldError[] {
  if (text === undefined) return [];
  if (!deprecated) return [invalid(path, text, 'can only be set for deprecated versions')];
  const problems = [...(text.length > 256 ? ['must be <= 256 characters long'] : []), ...(text === '' ? ['must not be an empty string'] : [])];
  const hidden = /[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/u.exec(text);
  if (hidden) problems.push(`must only contain printable UTF-8 characters; non-printable character found at index ${Buffer.byteLength(text.slice(0, hidden.index))}`);
  return problems.map((problem) => invalid(path, text, problem));
}

/** Versions as errors show them: with the names of Go's fields, and without what all of them share. */
function internalVersions(versions: readonly Version[], shared: (name: keyof Version) => boolean): unknown {
  if (versions.length === 0) return null;
  const own = (version: Version, name: keyof Version): unknown => (shared(name) ? null : version[name] ?? null);
  return versions.map((version) => ({
    Name: version.name, Served: version.served, Storage: version.storage, Deprecated: version.deprecated ?? false, DeprecationWarning: version.deprecationWarning ?? null,
    Schema: own(version, 'schema'), Subresources: own(version, 'subresources'), AdditionalPrinterColumns: own(version, 'additionalPrinterColumns'), SelectableFields: own(version, 'selectableFields'),
  }));
}

/** What the root of a schema may have beside a status subresource, whose schema is taken out of its properties. */
const allowedBesideStatus = [
  'Description', 'Type', 'Format', 'Title', 'Maximum', 'ExclusiveMaximum', 'Minimum', 'ExclusiveMinimum', 'MaxLength', 'MinLength', 'Pattern', 'MaxItems', 'MinItems', 'UniqueItems', 'MultipleOf', 'Required',
  'Items', 'Properties', 'ExternalDocs', 'Example', 'XPreserveUnknownFields', 'XValidations',
];

function validateRootWithStatus(schema: Schema, path: string): FieldError[] {
  if (schema.type && schema.type !== 'object') return [invalid(`${path}.type`, schema.type, 'only "object" is allowed as the type at the root of the schema if the status subresource is enabled')];
  const internal = (name: string): string => (name.startsWith('x-kubernetes-') ? `X${name.slice('x-kubernetes'.length).replace(/-(.)/g, (_, letter: string) => letter.toUpperCase())}` : name.charAt(0).toUpperCase() + name.slice(1));
  const isSet = (value: unknown): boolean => value !== undefined && value !== null && value !== false && value !== '' && !(Array.isArray(value) && value.length === 0);
  const other = Object.entries(schema).some(([name, value]) => isSet(value) && !allowedBesideStatus.includes(internal(name)));
  return other ? [invalid(path, schema, `only [${allowedBesideStatus.join(' ')}] fields are allowed at the root of the schema if the status subresource is enabled`)] : [];
}

function requireNames(names: Names): FieldError[] {
  return (['plural', 'singular', 'kind', 'listKind'] as const).flatMap((name) => (names[name] ? [] : [required(`spec.names.${name}`)]));
}

function validateNames(names: Names, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const label = (at: string, value: string | undefined, mixed = false): void => {
    // Only names of their own may be left out.
    const texts = value || at.includes('[') ? dns1035Label((mixed ? value?.toLowerCase() : value) ?? '') : [];
    if (texts.length > 0) errors.push(invalid(`${path}.${at}`, value ?? '', `${mixed ? 'may have mixed case, but should otherwise match: ' : ''}${texts.join(',')}`));
  };
  label('plural', names.plural);
  label('singular', names.singular);
  label('kind', names.kind, true);
  label('listKind', names.listKind, true);
  names.shortNames?.forEach((name, index) => label(`shortNames[${index}]`, name));
  if (names.kind && names.kind === names.listKind) errors.push(invalid(`${path}.listKind`, names.listKind, 'kind and listKind may not be the same'));
  names.categories?.forEach((name, index) => label(`categories[${index}]`, name));
  return errors;
}

function validateConversion(conversion: CustomResourceConversion | undefined): FieldError[] {
  if (!conversion) return [];
  const { strategy, webhook } = conversion;
  if (strategy !== 'None' && strategy !== 'Webhook') return [strategy ? notSupported('spec.conversion.strategy', strategy, ['None', 'Webhook']) : required('spec.conversion.strategy')];
  const unused = (name: string): FieldError => forbidden(`spec.conversion.${name}`, 'should not be set when strategy is not set to Webhook');
  const { clientConfig: config, conversionReviewVersions: versions = [] } = (webhook ?? {}) as Partial<WebhookConversion>;
  if (strategy === 'None') return [...(config ? [unused('webhookClientConfig')] : []), ...(versions.length > 0 ? [unused('conversionReviewVersions')] : [])];
  const errors: FieldError[] = [];
  const at = 'spec.conversion.webhookClientConfig';
  if (!config) errors.push(required(at, 'required when strategy is set to Webhook'));
  else errors.push(...validateClientConfig(config, at));
  if (versions.length === 0) return [...errors, required('spec.conversion.conversionReviewVersions')];
  return [...errors, ...validateReviewVersions(versions, 'spec.conversion.conversionReviewVersions', true)];
}

function validateSubresources(subresources: CustomResourceSubresources | undefined, path: string): FieldError[] {
  const scale = subresources?.scale;
  if (!scale) return [];
  const simple = (name: string, value: string | undefined, under: readonly string[]): FieldError[] => {
    const at = `${path}.scale.${name}`;
    if (!value) return [required(at)];
    if (!value.startsWith('.')) return [invalid(at, value, 'must be a simple json path starting with .')];
    return under.some((prefix) => value.startsWith(prefix)) ? [] : [invalid(at, value, `should be a json path under ${under.length > 1 ? 'either ' : ''}${under.map((prefix) => prefix.slice(0, -1)).join(' or ')}`)];
  };
  return [
    ...simple('specReplicasPath', scale.specReplicasPath, ['.spec.']),
    ...simple('statusReplicasPath', scale.statusReplicasPath, ['.status.']),
    ...(scale.labelSelectorPath ? simple('labelSelectorPath', scale.labelSelectorPath, ['.spec.', '.status.']) : []),
  ];
}

function validateColumn(column: CustomResourceColumnDefinition, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (!column.name) errors.push(required(`${path}.name`));
  if (!column.type) errors.push(required(`${path}.type`, `must be one of ${[...columnTypes].sort().join(',')}`));
  else if (!columnTypes.includes(column.type)) errors.push(invalid(`${path}.type`, column.type, `must be one of ${[...columnTypes].sort().join(',')}`));
  if (column.format && !columnFormats.includes(column.format)) errors.push(invalid(`${path}.format`, column.format, `must be one of ${[...columnFormats].sort().join(',')}`));
  if (!column.jsonPath) return [...errors, required(`${path}.JSONPath`)];
  if (!column.jsonPath.startsWith('.')) return [...errors, invalid(`${path}.JSONPath`, column.jsonPath, 'must be a simple json path starting with .')];
  try {
    compileJsonPath(column.jsonPath);
  } catch (error) {
    if (!(error instanceof JsonPathError)) throw error;
    errors.push(invalid(`${path}.JSONPath`, column.jsonPath, error.message));
  }
  return errors;
}

function unlikeSimplePath(path: string): string | undefined {
  if (!path.startsWith('.')) return `expected [ or . but got: ${/^(?:\{|[^.[]+)/.exec(path)?.[0] ?? path}`;
  if (path === '.') return 'unexpected end of JSON path';
  if (path.includes('[')) return 'array notation is not allowed';
  return /^(?:\.[A-Za-z_][\w-]*)+$/.test(path) ? undefined : 'does not refer to a valid field';
}

function validateSelectableFields({ selectableFields = [], schema }: Version, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (selectableFields.length > 0 && !schema?.openAPIV3Schema) {
    return [invalid(path, '', path.startsWith('spec.versions') ? 'may only be set when `version.schema.openAPIV3Schema` is not included' : 'may only be set when validations.schema is included')];
  }
  const unique = new Set<string>();
  selectableFields.forEach(({ jsonPath }, index) => {
    const at = `${path}[${index}].jsonPath`;
    if (!jsonPath) {
      errors.push(required(at));
      return;
    }
    const unlike = unlikeSimplePath(jsonPath);
    if (unlike) {
      errors.push(invalid(at, jsonPath, `is an invalid path: ${unlike}`));
      return;
    }
    let node = schema?.openAPIV3Schema as Schema | undefined;
    for (const name of jsonPath.slice(1).split('.')) node = node?.properties?.[name];
    if (!node) {
      errors.push(invalid(at, jsonPath, 'is an invalid path: does not refer to a valid field'));
      return;
    }
    if (jsonPath.startsWith('.metadata.')) errors.push(invalid(at, jsonPath, 'must not point to fields in metadata'));
    if (!['string', 'integer', 'boolean'].includes(node.type ?? '')) errors.push(invalid(at, jsonPath, 'must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.'));
    if (unique.has(jsonPath)) errors.push({ reason: 'FieldValueDuplicate', field: at, message: `Duplicate value: ${JSON.stringify(jsonPath)}` });
    unique.add(jsonPath);
  });
  if (unique.size > 8) errors.push({ reason: 'FieldValueTooMany', field: path, message: `Too many: ${unique.size}: must have at most 8 items` });
  return errors;
}
