/** The strategy of a custom kind. Follows apiextensions' registry/customresource/strategy.go. */
import type { FieldError } from '../../api/errors.ts';
import type { KubernetesObject } from '../../api/meta.ts';
import type { Resource } from '../../api/resource.ts';
import { deepEqual } from '../registry/deep-equal.ts';
import type { Strategy } from '../registry/strategy.ts';
import { plainStrategy } from '../registry/strategy.ts';
import { notNegativeMessage } from '../registry/validation/field-errors.ts';
import { applyDefaults, dropNulls } from './default-values.ts';
import { validateEmbedded } from './embedded-objects.ts';
import { prune } from './prune.ts';
import type { RuleChecker } from './rules.ts';
import type { SchemaNode } from './schema-node.ts';
import { validateValue } from './validate-value.ts';
import { isBareFinalizer } from '../registry/validation/object-meta.ts';

export type CustomObject = KubernetesObject & Record<string, unknown>;

export interface CustomStrategyOptions {
  resource: Resource<CustomObject>;
  node: SchemaNode;
  /** Of `x-kubernetes-validations`; undefined where the schema has none. */
  rules: RuleChecker | undefined;
  /** `.spec.color` */
  selectableFields: readonly string[];
}

/** Errors after which the rules of CEL would look at values that they were not compiled for. */
const blocking: readonly FieldError['reason'][] = ['FieldValueNotSupported', 'FieldValueRequired', 'FieldValueTooLong', 'FieldValueTooMany', 'FieldValueTypeInvalid'];

export function createCustomStrategy({ resource, node, rules, selectableFields }: CustomStrategyOptions): Strategy<CustomObject> {
  const withStatus = resource.subresources.includes('status');
  const fields = new Map(selectableFields.map((path) => [path.slice(1), path.slice(1).split('.')]));
  const validate = (object: CustomObject, old?: CustomObject): FieldError[] => {
    const errors = [...node.hasEmbedded ? validateEmbedded(object, node, old) : [], ...validateValue(object, node, old), ...validateScale(resource, object)];
    if (!rules) return errors;
    if (errors.some(({ reason }) => blocking.includes(reason))) {
      return [...errors, { reason: 'FieldValueInvalid', field: '<nil>', message: 'Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation' }];
    }
    return [...errors, ...rules.check(object, old)];
  };
  return {
    ...plainStrategy,
    resource,
    allowUnconditionalUpdate: false,
    selectableFields: [...fields.keys()],
    selectField: (object, field) => textAt(object, fields.get(field) ?? []),
    defaults(object) {
      // Admission may have added what the schema does not have.
      prune(object, node);
      applyDefaults(object, node);
      dropNulls(object, node);
    },
    prepareForCreate(object) {
      if (withStatus) delete object['status'];
    },
    prepareForUpdate(object, old) {
      if (withStatus) keep(object, old, 'status');
    },
    warnings: ({ metadata }, old) => (metadata?.finalizers ?? []).filter((name) => isBareFinalizer(name) && !old?.metadata?.finalizers?.includes(name))
      .map((name) => `metadata.finalizers: ${JSON.stringify(name)}: prefer a domain-qualified finalizer name${name.includes('.') ? ' including a path (/)' : ''} to avoid accidental conflicts with other finalizer writers`),
    validate: (object) => validate(object),
    validateUpdate: validate,
    ...(withStatus ? {
      prepareForStatusUpdate(object: CustomObject, old: CustomObject) {
        const { status } = object;
        for (const name of Object.keys(object)) if (name !== 'metadata') Reflect.deleteProperty(object, name);
        Object.assign(object, structuredClone({ ...old, metadata: object.metadata }));
        object.metadata = { ...structuredClone(old.metadata), ...pickMetadata(object, old) };
        if (status === undefined) delete object['status'];
        else object['status'] = status;
      },
      validateStatusUpdate: validate,
    } : {}),
    generationChanged: (object, old) => {
      const relevant = ({ apiVersion: _, kind: __, metadata: ___, ...rest }: CustomObject): object => {
        if (withStatus) delete rest['status'];
        return rest;
      };
      return !deepEqual(relevant(object), relevant(old));
    },
  };
}

/** A status update may change nothing of metadata but who manages the fields. */
function pickMetadata(object: CustomObject, old: CustomObject): object {
  const { managedFields, resourceVersion } = object.metadata ?? {};
  return { managedFields: managedFields ?? old.metadata?.managedFields, resourceVersion };
}

function keep(object: CustomObject, old: CustomObject, name: string): void {
  if (Object.hasOwn(old, name)) object[name] = old[name];
  else Reflect.deleteProperty(object, name);
}

/** The numbers that `scale` shows are checked where they are written. */
function validateScale({ custom }: Resource, object: CustomObject): FieldError[] {
  if (!custom?.scale) return [];
  const errors: FieldError[] = [];
  for (const path of [custom.scale.specReplicas, custom.scale.statusReplicas]) {
    const value = valueAt(object, path);
    if (typeof value !== 'number') continue;
    if (value < 0) errors.push({ reason: 'FieldValueInvalid', field: `.${path.join('.')}`, message: `Invalid value: ${value}: ${notNegativeMessage.replace('must be greater than or equal to 0', 'should be a non-negative integer')}` });
    else if (value > 2 ** 31 - 1) errors.push({ reason: 'FieldValueInvalid', field: `.${path.join('.')}`, message: `Invalid value: ${value}: should be less than or equal to ${2 ** 31 - 1}` });
  }
  return errors;
}

export function valueAt(object: unknown, path: readonly string[]): unknown {
  let value = object;
  for (const name of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
    value = (value as Record<string, unknown>)[name];
  }
  return value;
}

function textAt(object: unknown, path: readonly string[]): string {
  const value = valueAt(object, path);
  return typeof value === 'string' ? value : typeof value === 'number' || typeof value === 'boolean' ? String(value) : '';
}
