/** The query parameters of the API, decoded and checked as k8s.io/apimachinery's ListOptions, CreateOptions ... are. */
import { newBadRequest, newInvalid, type FieldError } from '../../api/errors.ts';
import { parseFieldSelector } from '../../api/fields.ts';
import { parseSelector } from '../../api/parse-selector.ts';
import type { DeleteOptions } from '../../api/meta.ts';
import type { FieldValidation, ListQuery, WatchQuery } from '../registry/registry.ts';
import { validateFieldManager } from '../registry/validation/field-manager.ts';

/** As the router gives it: a parameter that comes twice is an array. */
export type RawQuery = Readonly<Record<string, string | string[] | undefined>>;

export function firstValue(query: RawQuery, name: string): string | undefined {
  const value = query[name];
  return Array.isArray(value) ? value[0] : value;
}

export function allValues(query: RawQuery, name: string): string[] {
  return [query[name] ?? []].flat();
}

/** As Go's conversion of query parameters has it: present and neither "false" nor "0" is true. */
export function booleanValue(query: RawQuery, name: string): boolean {
  const value = firstValue(query, name);
  return value !== undefined && value.toLowerCase() !== 'false' && value !== '0';
}

/** @throws StatusError BadRequest in the words of Go's strconv. */
export function integerValue(query: RawQuery, name: string): number | undefined {
  const value = firstValue(query, name);
  if (value === undefined || value === '') return undefined;
  const number = Number(value);
  if (!/^[-+]?\d+$/.test(value) || !Number.isSafeInteger(number)) {
    throw newBadRequest(`strconv.ParseInt: parsing ${JSON.stringify(value)}: invalid syntax`);
  }
  return number;
}

const metaGroup = 'meta.k8s.io';

function refuse(kind: string, errors: FieldError[]): void {
  if (errors.length > 0) throw newInvalid({ group: metaGroup, kind }, '', errors);
}

const matchValues: readonly string[] = ['Exact', 'NotOlderThan'];

/** @throws StatusError BadRequest or Invalid. */
export function parseListQuery(query: RawQuery, namespace: string | undefined): ListQuery {
  const limit = integerValue(query, 'limit');
  integerValue(query, 'timeoutSeconds');
  const token = firstValue(query, 'continue');
  const resourceVersion = firstValue(query, 'resourceVersion');
  const match = firstValue(query, 'resourceVersionMatch');
  if (token && resourceVersion && resourceVersion !== '0') {
    throw newBadRequest('specifying resource version is not allowed when using continue');
  }
  checkResourceVersion(resourceVersion);
  const errors: FieldError[] = [];
  const field = 'resourceVersionMatch';
  if (match) {
    if (!resourceVersion) errors.push({ reason: 'FieldValueForbidden', field, message: 'Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided' });
    if (token) errors.push({ reason: 'FieldValueForbidden', field, message: 'Forbidden: resourceVersionMatch is forbidden when continue is provided' });
    if (!matchValues.includes(match)) errors.push({ reason: 'FieldValueNotSupported', field, message: `Unsupported value: ${JSON.stringify(match)}: supported values: "Exact", "NotOlderThan", ""` });
    if (match === 'Exact' && resourceVersion === '0') errors.push({ reason: 'FieldValueForbidden', field, message: 'Forbidden: resourceVersionMatch "exact" is forbidden for resourceVersion "0"' });
  }
  if (query['sendInitialEvents'] !== undefined) errors.push({ reason: 'FieldValueForbidden', field: 'sendInitialEvents', message: 'Forbidden: sendInitialEvents is forbidden for list' });
  refuse('ListOptions', errors);
  return {
    ...selectors(query, namespace),
    ...(limit !== undefined && limit > 0 ? { limit } : {}),
    ...(token ? { continue: token } : {}),
    ...(resourceVersion ? { resourceVersion } : {}),
    ...(match ? { resourceVersionMatch: match as 'Exact' | 'NotOlderThan' } : {}),
  };
}

/** @throws StatusError BadRequest or Invalid. */
export function parseWatchQuery(query: RawQuery, namespace: string | undefined): WatchQuery {
  const resourceVersion = firstValue(query, 'resourceVersion') ?? '';
  checkResourceVersion(resourceVersion);
  const match = firstValue(query, 'resourceVersionMatch');
  const asked = query['sendInitialEvents'] !== undefined;
  const errors: FieldError[] = [];
  const field = 'resourceVersionMatch';
  if (asked && match !== 'NotOlderThan') {
    errors.push({ reason: 'FieldValueForbidden', field, message: 'Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan' });
  }
  if (match) {
    if (!asked) errors.push({ reason: 'FieldValueForbidden', field, message: 'Forbidden: resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided' });
    if (match !== 'NotOlderThan') errors.push({ reason: 'FieldValueNotSupported', field, message: `Unsupported value: ${JSON.stringify(match)}: supported values: "NotOlderThan"` });
    if (firstValue(query, 'continue')) errors.push({ reason: 'FieldValueForbidden', field, message: 'Forbidden: resourceVersionMatch is forbidden when continue is provided' });
  }
  refuse('ListOptions', errors);
  return {
    ...selectors(query, namespace),
    resourceVersion,
    allowWatchBookmarks: booleanValue(query, 'allowWatchBookmarks'),
    sendInitialEvents: asked && booleanValue(query, 'sendInitialEvents'),
    ...(asked && !booleanValue(query, 'sendInitialEvents') ? { withoutInitialEvents: true } : {}),
  };
}

function selectors(query: RawQuery, namespace: string | undefined) {
  return {
    ...(namespace === undefined ? {} : { namespace }),
    labelSelector: parseSelector(firstValue(query, 'labelSelector') ?? ''),
    fieldSelector: parseFieldSelector(firstValue(query, 'fieldSelector') ?? ''),
  };
}

function checkResourceVersion(value: string | undefined): void {
  if (value && !/^\d+$/.test(value)) {
    throw newBadRequest(`invalid resource version: resourceVersion: Invalid value: ${JSON.stringify(value)}: strconv.ParseUint: parsing ${JSON.stringify(value)}: invalid syntax`);
  }
}

export type { FieldValidation };

export interface WriteOptions {
  dryRun: boolean;
  fieldValidation: FieldValidation;
  /** Undefined: the client did not name itself. */
  fieldManager?: string;
}

/** What a PATCH may say beside the options of every write. */
export interface PatchOptions extends WriteOptions {
  /** Of a server-side apply: takes fields from their owners. */
  force: boolean;
}

/**
 * @param apply whether the patch is a server-side apply.
 * @throws StatusError Invalid. Source: k8s.io/apimachinery/pkg/apis/meta/v1/validation.ValidatePatchOptions.
 */
export function parsePatchOptions(query: RawQuery, apply: boolean): PatchOptions {
  const errors: FieldError[] = [];
  if (!apply && query['force'] !== undefined) errors.push({ reason: 'FieldValueForbidden', field: 'force', message: 'Forbidden: may not be specified for non-apply patch' });
  if (apply && !firstValue(query, 'fieldManager')) errors.push({ reason: 'FieldValueRequired', field: 'fieldManager', message: 'Required value: is required for apply patch' });
  return { ...parseWriteOptions(query, 'PatchOptions', errors), force: booleanValue(query, 'force') };
}

/**
 * @param kind CreateOptions, UpdateOptions or PatchOptions, for messages.
 * @param found errors of the kind's own options.
 * @throws StatusError Invalid.
 */
export function parseWriteOptions(query: RawQuery, kind: string, found: readonly FieldError[] = []): WriteOptions {
  const errors = [...found, ...dryRunErrors(allValues(query, 'dryRun'))];
  const fieldValidation = firstValue(query, 'fieldValidation') || 'Warn';
  if (!['Ignore', 'Warn', 'Strict'].includes(fieldValidation)) {
    errors.push({ reason: 'FieldValueNotSupported', field: 'fieldValidation', message: `Unsupported value: ${JSON.stringify(fieldValidation)}: supported values: "", "Ignore", "Strict", "Warn"` });
  }
  const fieldManager = firstValue(query, 'fieldManager');
  if (fieldManager) errors.push(...validateFieldManager(fieldManager, 'fieldManager'));
  refuse(kind, errors);
  return {
    dryRun: allValues(query, 'dryRun').includes('All'),
    fieldValidation: fieldValidation as FieldValidation,
    ...(fieldManager ? { fieldManager } : {}),
  };
}

function dryRunErrors(values: readonly string[]): FieldError[] {
  return values.filter((value) => value !== 'All').slice(0, 1).map(() => ({
    reason: 'FieldValueNotSupported', field: 'dryRun', message: `Unsupported value: ${JSON.stringify(values)}: supported values: "All"`,
  }));
}

const propagationPolicies: readonly string[] = ['Foreground', 'Background', 'Orphan'];

/** The options of a DELETE without a body. */
export function parseDeleteQuery(query: RawQuery): DeleteOptions {
  const gracePeriodSeconds = integerValue(query, 'gracePeriodSeconds');
  const propagationPolicy = firstValue(query, 'propagationPolicy');
  const dryRun = allValues(query, 'dryRun').filter((value) => value !== '');
  return {
    ...(gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds }),
    ...(propagationPolicy ? { propagationPolicy } : {}),
    ...(query['orphanDependents'] === undefined ? {} : { orphanDependents: booleanValue(query, 'orphanDependents') }),
    ...(dryRun.length > 0 ? { dryRun } : {}),
  };
}

/** @throws StatusError Invalid. Source: k8s.io/apimachinery/pkg/apis/meta/v1/validation.ValidateDeleteOptions. */
export function validateDeleteOptions(options: DeleteOptions): void {
  const errors = dryRunErrors(options.dryRun ?? []);
  if (options.orphanDependents !== undefined && options.propagationPolicy !== undefined) {
    errors.push({ reason: 'FieldValueInvalid', field: 'propagationPolicy', message: `Invalid value: ${JSON.stringify(options.propagationPolicy)}: orphanDependents and deletionPropagation cannot be both set` });
  }
  if (options.propagationPolicy !== undefined && !propagationPolicies.includes(options.propagationPolicy)) {
    errors.push({ reason: 'FieldValueNotSupported', field: 'propagationPolicy', message: `Unsupported value: ${JSON.stringify(options.propagationPolicy)}: supported values: "Foreground", "Background", "Orphan", "nil"` });
  }
  if (options.gracePeriodSeconds !== undefined && options.gracePeriodSeconds < 0) {
    // Kubernetes takes any negative grace period as one second.
    options.gracePeriodSeconds = 1;
  }
  refuse('DeleteOptions', errors);
}
