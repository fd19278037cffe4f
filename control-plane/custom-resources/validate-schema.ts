/**
 * Whether a schema of a CustomResourceDefinition is structural and can be kept to. Messages and paths are those of
 * k8s.io/apiextensions-apiserver (pkg/apis/apiextensions/validation, pkg/apiserver/schema).
 */
import { forbidden, invalid, notSupported, required, type FieldError } from '../registry/validation/field-errors.ts';
import { deepEqual } from '../registry/deep-equal.ts';
import { PatternError } from '../regular-expression/parse.ts';
import { RegularExpression } from '../regular-expression/regular-expression.ts';
import { needsPruning } from './prune.ts';
import { compileSchema, type Schema } from './schema-node.ts';
import { validateValue } from './validate-value.ts';

type Level = 'root' | 'item' | 'field';

const types = ['array', 'boolean', 'integer', 'number', 'object', 'string'];
const unsupported = ['id', '$schema', 'additionalItems', 'patternProperties', 'definitions', 'dependencies', '$ref'] as const;
const intOrString: readonly Schema[] = [{ type: 'integer' }, { type: 'string' }];
/** Nesting; deeper ones are nobody's API. */
const maxDepth = 100;

export function validateSchema(schema: Schema, path: string): FieldError[] {
  const checker = new SchemaChecker();
  checker.node(schema, 'root', path, 0);
  if (checker.errors.length === 0) checker.defaults(schema, path);
  return checker.errors.sort((a, b) => (`${a.field}: ${a.message}` < `${b.field}: ${b.message}` ? -1 : 1));
}

class SchemaChecker {
  readonly errors: FieldError[] = [];
  private completeness = false;

  node(schema: Schema, level: Level, path: string, depth: number): void {
    if (depth > maxDepth) {
      this.errors.push(forbidden(path, `schemas nest at most ${maxDepth} deep`));
      return;
    }
    this.support(schema, path);
    this.type(schema, level, path);
    this.extensions(schema, path);
    this.lists(schema, path);
    this.metadata(schema, level, path);
    this.children(schema, level, path, depth);
    this.completeness = level === 'root';
    this.junctors(schema, path, depth);
    this.pattern(schema, path);
    if (schema.default !== undefined && level === 'root') this.errors.push(forbidden(`${path}.default`, 'must not be set at the root'));
  }

  private support(schema: Schema, path: string): void {
    for (const name of unsupported) if (schema[name] !== undefined) this.errors.push(forbidden(`${path}.${name}`, `${name} is not supported`));
    if (schema.uniqueItems) this.errors.push(forbidden(`${path}.uniqueItems`, 'uniqueItems cannot be set to true since the runtime complexity becomes quadratic'));
    if (schema.type === 'null') this.errors.push(forbidden(`${path}.type`, 'type cannot be set to null, use nullable as an alternative'));
    else if (schema.type && !types.includes(schema.type)) this.errors.push(notSupported(`${path}.type`, schema.type, types));
    if (Array.isArray(schema.items)) this.errors.push(forbidden(`${path}.items`, 'items must be a schema object and not an array'));
    if (schema.additionalProperties !== undefined && Object.keys(schema.properties ?? {}).length > 0) {
      this.errors.push(forbidden(`${path}.additionalProperties`, 'additionalProperties and properties are mutual exclusive'));
    }
  }

  private type(schema: Schema, level: Level, path: string): void {
    const { type } = schema;
    if (schema['x-kubernetes-embedded-resource'] && type !== 'object') {
      const detail = 'must be object if x-kubernetes-embedded-resource is true';
      this.errors.push(type ? invalid(`${path}.type`, type, detail) : required(`${path}.type`, detail));
    } else if (!type && schema.$ref === undefined && !schema['x-kubernetes-int-or-string'] && !schema['x-kubernetes-preserve-unknown-fields']) {
      const where = { root: 'at the root', item: 'for specified array items', field: 'for specified object fields' }[level];
      this.errors.push(required(`${path}.type`, `must not be empty ${where}`));
    }
    if (level === 'root' && type && type !== 'object') this.errors.push(invalid(`${path}.type`, type, 'must be object at the root'));
    if (type === 'array' && schema.items === undefined) this.errors.push(required(`${path}.items`, 'must be specified'));
  }

  private extensions(schema: Schema, path: string): void {
    const embedded = schema['x-kubernetes-embedded-resource'] === true;
    const preserve = schema['x-kubernetes-preserve-unknown-fields'];
    if (schema['x-kubernetes-int-or-string']) {
      if (preserve) this.errors.push(invalid(`${path}.x-kubernetes-preserve-unknown-fields`, true, 'must be false if x-kubernetes-int-or-string is true'));
      if (embedded) this.errors.push(invalid(`${path}.x-kubernetes-embedded-resource`, true, 'must be false if x-kubernetes-int-or-string is true'));
    }
    if (preserve === false) this.errors.push(invalid(`${path}.x-kubernetes-preserve-unknown-fields`, false, 'must be true or undefined'));
    if (embedded && schema.additionalProperties !== undefined) this.errors.push(forbidden(`${path}.additionalProperties`, 'must not be used if x-kubernetes-embedded-resource is set'));
    if (embedded && !preserve && Object.keys(schema.properties ?? {}).length === 0) {
      this.errors.push(required(`${path}.properties`, 'must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields'));
    }
    const mapType = schema['x-kubernetes-map-type'];
    if (mapType !== undefined) {
      if (schema.type !== 'object') this.errors.push(schema.type ? invalid(`${path}.type`, schema.type, 'must be object if x-kubernetes-map-type is specified') : required(`${path}.type`, 'must be object if x-kubernetes-map-type is specified'));
      if (mapType !== 'atomic' && mapType !== 'granular') this.errors.push(notSupported(`${path}.x-kubernetes-map-type`, mapType, ['atomic', 'granular']));
    }
  }

  private lists(schema: Schema, path: string): void {
    const listType = schema['x-kubernetes-list-type'];
    const keys = schema['x-kubernetes-list-map-keys'] ?? [];
    const at = `${path}.x-kubernetes-list-map-keys`;
    if (listType === undefined) {
      if (keys.length > 0) this.errors.push(required(`${path}.x-kubernetes-list-type`, 'must be map if x-kubernetes-list-map-keys is non-empty'));
      return;
    }
    if (schema.type !== 'array') this.errors.push(schema.type ? invalid(`${path}.type`, schema.type, 'must be array if x-kubernetes-list-type is specified') : required(`${path}.type`, 'must be array if x-kubernetes-list-type is specified'));
    if (!['atomic', 'map', 'set'].includes(listType)) this.errors.push(notSupported(`${path}.x-kubernetes-list-type`, listType, ['atomic', 'set', 'map']));
    if (listType !== 'map') {
      if (keys.length > 0) this.errors.push(invalid(`${path}.x-kubernetes-list-type`, listType, 'must be map if x-kubernetes-list-map-keys is non-empty'));
      if (listType === 'set' && schema.items) this.setItems(schema.items, `${path}.items`);
      return;
    }
    if (keys.length === 0) this.errors.push(required(at, 'must not be empty if x-kubernetes-list-type is map'));
    const items = schema.items ?? {};
    if (items.type !== 'object') this.errors.push(invalid(`${path}.items.type`, items.type ?? '', 'must be object if parent array\'s x-kubernetes-list-type is map'));
    if (new Set(keys).size < keys.length) this.errors.push(invalid(at, keys, 'must not contain duplicate entries'));
    if (items.properties && keys.some((key) => !items.properties![key])) this.errors.push(invalid(at, keys, 'entries must all be names of item properties'));
    keys.forEach((key) => {
      const property = items.properties?.[key];
      if (!property) return;
      if (property.type && ['array', 'object'].includes(property.type)) {
        this.errors.push(invalid(`${path}.items.properties[${key}].type`, property.type, 'must be a scalar type if parent array\'s x-kubernetes-list-type is map'));
      }
      if (property.default === undefined && !items.required?.includes(key)) {
        this.errors.push(required(`${path}.items.properties[${key}].default`, 'this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property'));
      }
      if (property.nullable) this.errors.push(forbidden(`${path}.items.properties[${key}].nullable`, 'this property is in x-kubernetes-list-map-keys, so it cannot be nullable'));
    });
    if (items.nullable) this.errors.push(forbidden(`${path}.items.nullable`, 'cannot be nullable when x-kubernetes-list-type is map'));
  }

  private setItems(items: Schema, path: string): void {
    if (items.nullable) this.errors.push(forbidden(`${path}.nullable`, 'cannot be nullable when x-kubernetes-list-type is set'));
    if (items.type === 'object' && items['x-kubernetes-map-type'] !== 'atomic') {
      this.errors.push(invalid(`${path}.x-kubernetes-map-type`, items['x-kubernetes-map-type'] ?? null, 'must be atomic as item of a list with x-kubernetes-list-type=set'));
    }
    if (items.type === 'array' && items['x-kubernetes-list-type'] !== undefined && items['x-kubernetes-list-type'] !== 'atomic') {
      this.errors.push(invalid(`${path}.x-kubernetes-list-type`, items['x-kubernetes-list-type'], 'must be atomic as item of a list with x-kubernetes-list-type=set'));
    }
  }

  private metadata(schema: Schema, level: Level, path: string): void {
    if (level !== 'root' && !schema['x-kubernetes-embedded-resource']) return;
    for (const name of ['kind', 'apiVersion']) {
      const type = schema.properties?.[name]?.type;
      if (schema.properties?.[name] && type !== 'string') this.errors.push(invalid(`${path}.properties[${name}].type`, type ?? '', 'must be string'));
    }
    const metadata = schema.properties?.['metadata'];
    if (!metadata) return;
    const at = `${path}.properties[metadata]`;
    if (metadata.type !== 'object') this.errors.push(invalid(`${at}.type`, metadata.type ?? '', 'must be object'));
    if (level === 'root' && metadata.default !== undefined) this.errors.push(forbidden(`${at}.default`, 'must not be set in top-level metadata'));
    const { type: _, properties = {}, description: __, default: ___, ...rest } = metadata;
    const other = Object.keys(properties).filter((name) => name !== 'name' && name !== 'generateName');
    if (level === 'root' && (other.length > 0 || Object.keys(rest).length > 0)) {
      this.errors.push(forbidden(at, 'must not specify anything other than name and generateName, but metadata is implicitly specified'));
    }
  }

  private children(schema: Schema, level: Level, path: string, depth: number): void {
    for (const [name, child] of Object.entries(schema.properties ?? {})) this.node(child, 'field', `${path}.properties[${name}]`, depth + 1);
    if (schema.items && !Array.isArray(schema.items)) this.node(schema.items, 'item', `${path}.items`, depth + 1);
    const { additionalProperties } = schema;
    if (additionalProperties === undefined) return;
    if (level === 'root') this.errors.push(forbidden(`${path}.additionalProperties`, 'must not be used at the root'));
    if (typeof additionalProperties === 'object') this.node(additionalProperties, 'field', `${path}.additionalProperties`, depth + 1);
  }

  /** allOf, anyOf, oneOf and not restrict values; they do not say what fields there are. */
  private junctors(schema: Schema, path: string, depth: number): void {
    const skipAnyOf = schema['x-kubernetes-int-or-string'] && deepEqual(schema.anyOf, intOrString);
    const skipInAllOf = schema['x-kubernetes-int-or-string'] && deepEqual(schema.allOf?.[0]?.anyOf, intOrString);
    if (!skipAnyOf) schema.anyOf?.forEach((nested, index) => this.nested(nested, schema, `${path}.anyOf[${index}]`, depth + 1));
    schema.allOf?.forEach((nested, index) => this.nested(nested, schema, `${path}.allOf[${index}]`, depth + 1, skipInAllOf && index === 0));
    schema.oneOf?.forEach((nested, index) => this.nested(nested, schema, `${path}.oneOf[${index}]`, depth + 1));
    if (schema.not) this.nested(schema.not, schema, `${path}.not`, depth + 1);
  }

  private nested(nested: Schema, structural: Schema | undefined, path: string, depth: number, skipAnyOf = false): void {
    if (depth > maxDepth) return;
    const empty = (name: keyof Schema, word: string): void => {
      if (nested[name] !== undefined && nested[name] !== false && nested[name] !== '') this.errors.push(forbidden(`${path}.${name}`, `must be ${word} to be structural`));
    };
    empty('type', 'empty');
    empty('additionalProperties', 'undefined');
    empty('default', 'undefined');
    empty('title', 'empty');
    empty('description', 'empty');
    empty('nullable', 'false');
    empty('x-kubernetes-preserve-unknown-fields', 'false');
    empty('x-kubernetes-embedded-resource', 'false');
    empty('x-kubernetes-int-or-string', 'false');
    empty('x-kubernetes-list-map-keys', 'empty');
    empty('x-kubernetes-list-type', 'undefined');
    empty('x-kubernetes-map-type', 'undefined');
    empty('x-kubernetes-validations', 'empty');
    const listType = nested['x-kubernetes-list-type'];
    if (listType !== undefined && nested.type !== 'array') this.errors.push(nested.type ? invalid(`${path}.type`, nested.type, 'must be array if x-kubernetes-list-type is specified') : required(`${path}.type`, 'must be array if x-kubernetes-list-type is specified'));
    if (nested['x-kubernetes-map-type'] !== undefined && nested.type !== 'object') this.errors.push(nested.type ? invalid(`${path}.type`, nested.type, 'must be object if x-kubernetes-map-type is specified') : required(`${path}.type`, 'must be object if x-kubernetes-map-type is specified'));
    this.pattern(nested, path);
    for (const [name, child] of Object.entries(nested.properties ?? {})) {
      const known = structural?.properties?.[name] ?? (typeof structural?.additionalProperties === 'object' ? structural.additionalProperties : undefined);
      if (name === 'metadata') this.errors.push(forbidden(`${path}.properties[metadata]`, 'must not be specified in a nested context'));
      // Kubernetes looks for counterparts of what is said at the root only.
      else if (!known && this.completeness) this.errors.push(required(`${path.replace(/\.(?:allOf|anyOf|oneOf)\[\d+\]|\.not/g, '')}.properties[${name}]`, `because it is defined in ${path}.properties[${name}]`));
      this.nested(child, known, `${path}.properties[${name}]`, depth + 1);
    }
    if (nested.items) this.nested(nested.items, structural?.items, `${path}.items`, depth + 1);
    if (!skipAnyOf) nested.anyOf?.forEach((child, index) => this.nested(child, structural, `${path}.anyOf[${index}]`, depth + 1));
    nested.allOf?.forEach((child, index) => this.nested(child, structural, `${path}.allOf[${index}]`, depth + 1));
    nested.oneOf?.forEach((child, index) => this.nested(child, structural, `${path}.oneOf[${index}]`, depth + 1));
    if (nested.not) this.nested(nested.not, structural, `${path}.not`, depth + 1);
  }

  private pattern(schema: Schema, path: string): void {
    if (!schema.pattern) return;
    try {
      new RegularExpression(schema.pattern);
    } catch (error) {
      if (!(error instanceof PatternError)) throw error;
      this.errors.push(invalid(`${path}.pattern`, schema.pattern, `must be a valid regular expression, but isn't: ${error.message}`));
    }
  }

  /** A default must be a valid value itself. Only of a schema that is structural. */
  defaults(schema: Schema, path: string): void {
    if (schema.default !== undefined) {
      const at = `${path}.default`;
      const node = compileSchema(schema);
      if (schema.default === null && !schema.nullable) this.errors.push(invalid(at, null, 'must not be null'));
      if (needsPruning(schema.default, node, false)) this.errors.push(invalid(at, schema.default, 'must not have unknown fields'));
      for (const error of validateValue({ value: schema.default }, wrapped(node))) {
        const rest = error.field === '<nil>' ? '' : error.field.slice('value'.length);
        this.errors.push({ ...error, field: `${at}${rest}`, message: error.message.replaceAll('value in body', ' in body') });
      }
    }
    for (const [name, child] of Object.entries(schema.properties ?? {})) this.defaults(child, `${path}.properties[${name}]`);
    if (schema.items) this.defaults(schema.items, `${path}.items`);
    if (typeof schema.additionalProperties === 'object') this.defaults(schema.additionalProperties, `${path}.additionalProperties`);
  }
}

function wrapped(node: ReturnType<typeof compileSchema>): ReturnType<typeof compileSchema> {
  const root = compileSchema({ type: 'object' });
  return {
    ...root, properties: new Map([['value', node]]), hasListTypes: node.hasListTypes,
    value: { ...root.value, properties: new Map([['value', node.value]]) },
  };
}
