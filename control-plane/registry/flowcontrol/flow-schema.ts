/** FlowSchemas. Follows pkg/registry/flowcontrol/flowschema and pkg/apis/flowcontrol. */
import type {
  FlowSchema, FlowSchemaSpec, NonResourcePolicyRule, PolicyRulesWithSubjects, ResourcePolicyRule, Subject,
} from '../../../api/flowcontrol.ts';
import { flowSchemas } from '../../../api/resources.ts';
import { deepEqual } from '../deep-equal.ts';
import { createRecordStrategy } from '../record-strategy.ts';
import { check, duplicate, forbidden, invalid, notSupported, required, type FieldError } from '../validation/field-errors.ts';
import { dnsLabel, dnsSubdomain } from '../validation/names.ts';
import { mandatoryFlowSchemas } from './mandatory-objects.ts';

const highestPrecedence = 10_000;
const defaultPrecedence = 1000;
const distinguishers = ['ByNamespace', 'ByUser'];
const verbs = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'proxy', 'update', 'watch'];
const subjectKinds = ['Group', 'ServiceAccount', 'User'];

export const flowSchemaStrategy = createRecordStrategy<FlowSchema>(flowSchemas, {
  defaults({ spec }) {
    if (spec) spec.matchingPrecedence ??= defaultPrecedence;
  },
  validate: validateFlowSchema,
  validateUpdate: validateFlowSchema,
  validateStatusUpdate: (schema) => validateConditions(schema.status?.conditions ?? []),
  prepareForCreate(schema) {
    schema.status = {};
  },
});

export function validateFlowSchema({ metadata, spec, status }: FlowSchema): FieldError[] {
  const name = metadata?.name ?? '';
  const fixed = mandatoryFlowSchemas.find((schema) => schema.metadata?.name === name);
  return [
    ...validateSpec(spec ?? {}, name),
    ...(fixed && !deepEqual(spec, fixed.spec) ? [invalid('spec', spec, `spec of '${name}' must equal the fixed value`)] : []),
    ...validateConditions(status?.conditions ?? []),
  ];
}

/** Of FlowSchemas and PriorityLevelConfigurations alike. */
export function validateConditions(conditions: readonly { type?: string }[]): FieldError[] {
  const types = conditions.map(({ type = '' }) => type);
  return types.flatMap((type, index) => [
    ...(types.indexOf(type) < index ? [duplicate(`status.conditions[${index}].type`, type)] : []),
    ...(type ? [] : [required(`status.conditions[${index}].type`, 'must not be empty')]),
  ]);
}

function validateSpec({ matchingPrecedence: precedence = 0, distinguisherMethod, priorityLevelConfiguration, rules = [] }: Partial<FlowSchemaSpec>, name: string): FieldError[] {
  const field = 'spec.matchingPrecedence';
  const level = priorityLevelConfiguration?.name;
  const levelField = 'spec.priorityLevelConfiguration.name';
  return [
    ...(precedence <= 0 ? [invalid(field, precedence, 'must be a positive value')] : []),
    ...(precedence > highestPrecedence ? [invalid(field, precedence, `must not be greater than ${highestPrecedence}`)] : []),
    ...(precedence === 1 && name !== 'exempt' ? [invalid(field, precedence, "only the schema named 'exempt' may have matchingPrecedence 1")] : []),
    ...(distinguisherMethod && !distinguishers.includes(distinguisherMethod.type) ? [notSupported('spec.distinguisherMethod.type', distinguisherMethod, distinguishers)] : []),
    ...(level ? check(levelField, level, dnsSubdomain) : [required(levelField, 'must reference a priority level')]),
    ...rules.flatMap((rule, index) => validateRule(rule, `spec.rules[${index}]`)),
  ];
}

function validateRule({ subjects = [], resourceRules = [], nonResourceRules = [] }: Partial<PolicyRulesWithSubjects>, path: string): FieldError[] {
  return [
    ...(subjects.length === 0 ? [required(`${path}.subjects`, 'subjects must contain at least one value')] : []),
    ...subjects.flatMap((subject, index) => validateSubject(subject, `${path}.subjects[${index}]`)),
    ...(resourceRules.length + nonResourceRules.length === 0 ? [required(path, 'at least one of resourceRules and nonResourceRules has to be non-empty')] : []),
    ...resourceRules.flatMap((rule, index) => validateResourceRule(rule, `${path}.resourceRules[${index}]`)),
    ...nonResourceRules.flatMap((rule, index) => validateNonResourceRule(rule, `${path}.nonResourceRules[${index}]`)),
  ];
}

/** Kind → the one field that goes with it. */
const subjectFields = { ServiceAccount: 'serviceAccount', User: 'user', Group: 'group' } as const;

function validateSubject(subject: Partial<Subject>, path: string): FieldError[] {
  const { kind = '' } = subject;
  if (!subjectKinds.includes(kind)) return [notSupported(`${path}.kind`, kind, subjectKinds)];
  return Object.entries(subjectFields).flatMap(([name, field]) => {
    const place = `${path}.${field}`;
    const value: { name?: string; namespace?: string } | undefined = subject[field];
    if (name !== kind) return value ? [forbidden(place, `${field} is forbidden when subject kind is not '${name}'`)] : [];
    if (!value) return [required(place, `${field} is required when subject kind is '${name}'`)];
    return name === 'ServiceAccount' ? validateServiceAccount(value, place) : value.name ? [] : [required(`${place}.name`)];
  });
}

function validateServiceAccount({ name, namespace }: { name?: string; namespace?: string }, path: string): FieldError[] {
  return [
    ...(name ? [] : [required(`${path}.name`)]),
    ...(name && name !== '*' ? check(`${path}.name`, name, dnsSubdomain) : []),
    ...(namespace ? check(`${path}.namespace`, namespace, dnsLabel) : [required(`${path}.namespace`, 'must specify namespace for service account')]),
  ];
}

function validateVerbs(given: readonly string[], path: string): FieldError[] {
  if (given.length === 0) return [required(`${path}.verbs`, 'verbs must contain at least one value')];
  if (given.includes('*')) return given.length > 1 ? [invalid(`${path}.verbs`, given, "if '*' is present, must not specify other verbs")] : [];
  return given.every((verb) => verbs.includes(verb)) ? [] : [notSupported(`${path}.verbs`, given, verbs)];
}

function validateNonResourceRule({ verbs: given = [], nonResourceURLs: urls = [] }: Partial<NonResourcePolicyRule>, path: string): FieldError[] {
  const field = `${path}.nonResourceURLs`;
  const errors = validateVerbs(given, path);
  if (urls.length === 0) return [...errors, required(field, 'nonResourceURLs must contain at least one value')];
  if (urls.includes('*')) return urls.length > 1 ? [...errors, invalid(field, urls, "if '*' is present, must not specify other non-resource URLs")] : errors;
  return [...errors, ...urls.flatMap((url, index) => validateUrl(url, `${field}[${index}]`))];
}

function validateUrl(url: string, field: string): FieldError[] {
  if (url === '/') return [];
  const stars = url.split('*').length - 1;
  const problem = url === '' ? 'must not be empty'
    : !url.startsWith('/') ? 'must start with slash'
      : url.includes(' ') ? 'must not contain white-space'
        : url.includes('//') ? 'must not contain double slash'
          : stars > 1 || (stars === 1 && !url.endsWith('/*')) ? 'wildcard can only do suffix matching' : undefined;
  return problem === undefined ? [] : [invalid(field, url, problem)];
}

function validateResourceRule(rule: Partial<ResourcePolicyRule>, path: string): FieldError[] {
  const { apiGroups = [], resources = [], namespaces = [], clusterScope = false } = rule;
  const errors = validateVerbs(rule.verbs ?? [], path);
  if (apiGroups.length === 0) errors.push(required(`${path}.apiGroups`, 'resource rules must supply at least one api group'));
  else if (apiGroups.length > 1 && apiGroups.includes('*')) errors.push(invalid(`${path}.apiGroups`, apiGroups, "if '*' is present, must not specify other api groups"));
  if (resources.length === 0) errors.push(required(`${path}.resources`, 'resource rules must supply at least one resource'));
  else if (resources.length > 1 && resources.includes('*')) errors.push(invalid(`${path}.resources`, resources, "if '*' is present, must not specify other resources"));
  if (namespaces.length === 0 && !clusterScope) return [...errors, required(`${path}.namespaces`, 'resource rules that are not cluster scoped must supply at least one namespace')];
  if (namespaces.includes('*')) return namespaces.length > 1 ? [...errors, invalid(`${path}.namespaces`, namespaces, "if '*' is present, must not specify other namespaces")] : errors;
  return [...errors, ...namespaces.flatMap((name, index) => dnsLabel(name)
    .map((problem) => invalid(`${path}.namespaces[${index}]`, name, `each member of this list must be '*' or a DNS-1123 label; ${problem}`)))];
}
