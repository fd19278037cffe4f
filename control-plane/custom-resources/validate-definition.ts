/** Validation of CustomResourceDefinitions. Follows apiextensions' pkg/apis/apiextensions/validation, version v1. */
import type { CustomResourceConversion, CustomResourceSubresources, CustomResourceColumnDefinition } from 'kubernetes-types/apiextensions/v1';
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

export function validateDefinition(definition: Definition, validateRules: RuleValidation): FieldError[] {
  const { spec, metadata } = definition;
  const errors: FieldError[] = [];
  if (metadata?.name !== `${spec.names.plural}.${spec.group}`) errors.push(invalid('metadata.name', metadata?.name ?? '', 'must be spec.names.plural+"."+spec.group'));
  errors.push(...validateSpec(definition, validateRules));
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
  const errors = unchanged ? [] : validateDefinition(definition, (schema, path) => (known(schema) ? [] : validateRules(schema, path)));
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
    if (version.deprecationWarning !== undefined && !version.deprecated) errors.push(invalid(`spec.versions[${index}].deprecationWarning`, version.deprecationWarning, 'can only be set for deprecated versions'));
    if (version.deprecationWarning === '') errors.push(invalid(`spec.versions[${index}].deprecationWarning`, '', 'must not be empty'));
    if ((version.deprecationWarning ?? '').length > 256) errors.push(invalid(`spec.versions[${index}].deprecationWarning`, version.deprecationWarning, 'must be <= 256 characters long'));
    if (!version.schema?.openAPIV3Schema) errors.push(required(`spec.versions[${index}].schema.openAPIV3Schema`, 'schemas are required'));
  });
  if (new Set(versions.map(({ name }) => name)).size < versions.length) errors.push(invalid('spec.versions', versions, 'must contain unique version names'));
  if (versions.filter(({ storage }) => storage).length !== 1) errors.push(invalid('spec.versions', versions, 'must have exactly one version marked as storage version'));
  // Versions that agree are one to Kubernetes, and its paths say so.
  const shared = <K extends keyof Version>(name: K): boolean => versions.every((version) => deepEqual(version[name], versions[0]![name]));
  const each = (name: keyof Version, check: (version: Version, path: string) => FieldError[]): void => {
    if (versions.length === 0) return;
    if (shared(name)) errors.push(...check(versions[0]!, 'spec'));
    else versions.forEach((version, index) => errors.push(...check(version, `spec.versions[${index}]`)));
  };
  each('schema', ({ schema }, path) => {
    if (!schema?.openAPIV3Schema) return [];
    const at = `${path === 'spec' ? 'spec.validation' : `${path}.schema`}.openAPIV3Schema`;
    const structural = validateSchema(schema.openAPIV3Schema as unknown as Schema, at);
    return structural.length > 0 ? structural : validateRules(schema.openAPIV3Schema as unknown as Schema, at);
  });
  each('subresources', ({ subresources }, path) => validateSubresources(subresources, `${path}.subresources`));
  each('additionalPrinterColumns', ({ additionalPrinterColumns }, path) => (additionalPrinterColumns ?? []).flatMap((column, index) => validateColumn(column, `${path}.additionalPrinterColumns[${index}]`)));
  each('selectableFields', (version, path) => validateSelectableFields(version, `${path}.selectableFields`));
  return errors;
}

function requireNames(names: Names): FieldError[] {
  return (['plural', 'singular', 'kind', 'listKind'] as const).flatMap((name) => (names[name] ? [] : [required(`spec.names.${name}`)]));
}

function validateNames(names: Names, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const label = (at: string, value: string | undefined, mixed = false): void => {
    const texts = value ? dns1035Label(mixed ? value.toLowerCase() : value) : [];
    if (texts.length > 0) errors.push(invalid(`${path}.${at}`, value, `${mixed ? 'may have mixed case, but should otherwise match: ' : ''}${texts.join(',')}`));
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
  if (strategy === 'None') return webhook ? [forbidden('spec.conversion.webhookClientConfig', 'should not be set when strategy is not set to Webhook')] : [];
  const config = webhook?.clientConfig;
  const versions = webhook?.conversionReviewVersions ?? [];
  const errors: FieldError[] = [];
  const at = 'spec.conversion.webhookClientConfig';
  if (!config) errors.push(required(at, 'required when strategy is set to Webhook'));
  else if ((config.url === undefined) === (config.service === undefined)) errors.push(required(at, 'exactly one of url or service is required'));
  else if (config.url !== undefined) errors.push(...validateUrl(config.url, `${at}.url`));
  else {
    const { name, namespace, port, path } = config.service!;
    if (!name) errors.push(required(`${at}.service.name`, 'service name is required'));
    if (!namespace) errors.push(required(`${at}.service.namespace`, 'service namespace is required'));
    if (port !== undefined && (port < 1 || port > 65535)) errors.push(invalid(`${at}.service.port`, port, 'port is not valid: must be between 1 and 65535, inclusive'));
    if (path !== undefined && !path.startsWith('/')) errors.push(invalid(`${at}.service.path`, path, "must start with a '/'"));
  }
  if (versions.length === 0) errors.push(required('spec.conversion.conversionReviewVersions'));
  else if (!versions.includes('v1') && !versions.includes('v1beta1')) errors.push(invalid('spec.conversion.conversionReviewVersions', versions, 'must include at least one of v1, v1beta1'));
  return errors;
}

function validateUrl(url: string, path: string): FieldError[] {
  const form = 'desired format: https://host[/path]';
  if (!URL.canParse(url)) return [required(path, `url must be a valid URL: parse ${JSON.stringify(url)}: invalid URI; ${form}`)];
  const { protocol, host, username, password, hash, search } = new URL(url);
  return [
    ...(protocol === 'https:' ? [] : [invalid(path, protocol.slice(0, -1), `'https' is the only allowed URL scheme; ${form}`)]),
    ...(host === '' ? [invalid(path, host, `host must be specified; ${form}`)] : []),
    ...(username || password ? [invalid(path, url, 'user information is not permitted in the URL')] : []),
    ...(hash ? [invalid(path, hash.slice(1), 'fragments are not permitted in the URL')] : []),
    ...(search ? [invalid(path, search.slice(1), 'query parameters are not permitted in the URL')] : []),
  ];
}

function validateSubresources(subresources: CustomResourceSubresources | undefined, path: string): FieldError[] {
  const scale = subresources?.scale;
  if (!scale) return [];
  const simple = (name: string, value: string | undefined, under: readonly string[]): FieldError[] => {
    const at = `${path}.scale.${name}`;
    if (!value) return [required(at)];
    if (!/^(?:\.[A-Za-z_][\w-]*)+$/.test(value)) return [invalid(at, value, value.startsWith('.') ? 'must be a json path in the dot notation' : 'must be a simple json path starting with .')];
    return under.some((prefix) => value.startsWith(prefix)) ? [] : [invalid(at, value, `should be a json path under ${under.map((prefix) => prefix.slice(0, -1)).join(' or ')}`)];
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

function validateSelectableFields({ selectableFields = [], schema }: Version, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (selectableFields.length > 8) errors.push({ reason: 'FieldValueTooMany', field: path, message: `Too many: ${selectableFields.length}: must have at most 8 items` });
  selectableFields.forEach(({ jsonPath }, index) => {
    const at = `${path}[${index}].jsonPath`;
    if (!jsonPath) {
      errors.push(required(at));
      return;
    }
    if (!/^(?:\.[A-Za-z_][\w-]*)+$/.test(jsonPath)) {
      errors.push(invalid(at, jsonPath, 'is an invalid path: must be a simple json path starting with .'));
      return;
    }
    if (selectableFields.findIndex((other) => other.jsonPath === jsonPath) < index) errors.push({ reason: 'FieldValueDuplicate', field: at, message: `Duplicate value: ${JSON.stringify(jsonPath)}` });
    if (jsonPath.startsWith('.metadata')) errors.push(invalid(at, jsonPath, 'must not point to fields in metadata'));
    else {
      let node = schema?.openAPIV3Schema as Schema | undefined;
      for (const name of jsonPath.slice(1).split('.')) node = node?.properties?.[name];
      if (!node) errors.push(invalid(at, jsonPath, 'is an invalid path: does not refer to a valid field'));
      else if (!['string', 'integer', 'boolean'].includes(node.type ?? '')) errors.push(invalid(at, jsonPath, 'must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.'));
    }
  });
  return errors;
}
