/** ValidatingAdmissionPolicies and their bindings. Follows pkg/registry/admissionregistration and pkg/apis/admissionregistration. */
import type {
  AuditAnnotation, MatchResources, ParamKind, ParamRef, ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding, ValidatingAdmissionPolicySpec, Validation,
} from '../../../api/admissionregistration.ts';
import { validatingAdmissionPolicies, validatingAdmissionPolicyBindings } from '../../../api/resources.ts';
import { deepEqual } from '../deep-equal.ts';
import { createRecordStrategy } from '../record-strategy.ts';
import { plainStrategy, type Strategy } from '../strategy.ts';
import { check, duplicate, forbidden, invalid, notSupported, oneOf, required, type FieldError } from '../validation/field-errors.ts';
import { validateLabelSelector } from '../validation/label-selector.ts';
import { dns1035Label, dnsSubdomain, pathSegment, qualifiedName } from '../validation/names.ts';
import { checkExpression, validateMatchConditions, type ExpressionCheck, type ExpressionScope } from './expressions.ts';
import { defaultMatchResources, failurePolicies, validateMatchResources } from './rules.ts';

const validationReasons = ['Forbidden', 'Invalid', 'RequestEntityTooLarge'];
const validationActions = ['Audit', 'Deny', 'Warn'];
const maxAnnotations = 20;
const maxAnnotationBytes = 5 * 1024;
const identifier = /^[_a-zA-Z][_a-zA-Z0-9]*$/;
const reserved = new Set([
  'true', 'false', 'null', 'in', 'as', 'break', 'const', 'continue', 'else', 'for', 'function', 'if', 'import', 'let', 'loop', 'package',
  'namespace', 'return', 'var', 'void', 'while',
]);

type Policy = ValidatingAdmissionPolicy;
type Binding = ValidatingAdmissionPolicyBinding;

export function createPolicyStrategy(checkCel: ExpressionCheck): Strategy<Policy> {
  return createRecordStrategy<Policy>(validatingAdmissionPolicies, {
    allowUnconditionalUpdate: false,
    defaults({ spec }) {
      if (!spec) return;
      spec.failurePolicy ??= 'Fail';
      defaultMatchResources(spec.matchConstraints);
    },
    validate: (policy) => validatePolicy(policy, undefined, checkCel),
    validateUpdate: (policy, old) => validatePolicy(policy, old, checkCel),
    validateStatusUpdate: ({ status }) => (status?.typeChecking?.expressionWarnings ?? []).flatMap(({ warning, fieldRef }: Partial<{ warning: string; fieldRef: string }>, index) => {
      const path = `status.typeChecking.expressionWarnings[${index}]`;
      return [...(warning ? [] : [required(`${path}.warning`)]), ...(fieldRef?.trim() ? [] : [required(`${path}.fieldRef`)])];
    }),
  });
}

function validatePolicy({ metadata, spec = {} }: Policy, old: Policy | undefined, checkCel: ExpressionCheck): FieldError[] {
  const { failurePolicy, paramKind, matchConstraints, matchConditions = [], variables = [] } = spec;
  const params = paramKind !== undefined;
  const compile = (expression: string, scope: Partial<ExpressionScope> = {}) =>
    checkCel(expression, { params, authorizer: true, variables: variables.map(({ name }) => name), result: 'bool', ...scope });
  const sameConditions = old !== undefined && deepEqual(old.spec?.paramKind, paramKind) && deepEqual(old.spec?.matchConditions, matchConditions);
  return [
    ...oneOf('spec.failurePolicy', failurePolicy, failurePolicies),
    ...(paramKind ? validateParamKind(paramKind, 'spec.paramKind') : []),
    ...validateConstraints(matchConstraints, 'spec.matchConstraints'),
    ...(sameConditions ? [] : validateMatchConditions(matchConditions, 'spec.matchConditions', (expression) => compile(expression, { variables: [] }))),
    ...validateVariables(spec, compile),
    ...validateOutcomes(spec, metadata?.name ?? '', compile),
  ];
}

export type Compile = (expression: string, scope?: Partial<ExpressionScope>) => string | undefined;

export function validateConstraints(match: MatchResources | undefined, path: string): FieldError[] {
  if (!match) return [required(path)];
  return [...validateMatchResources(match, path), ...(match.resourceRules?.length ? [] : [required(`${path}.resourceRules`)])];
}

export function validateParamKind({ apiVersion = '', kind = '' }: ParamKind, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const parts = apiVersion.split('/');
  const [group, version] = parts.length === 2 ? [parts[0]!, parts[1]!] : ['', apiVersion === '/' ? '' : apiVersion];
  if (!apiVersion) errors.push(required(`${path}.apiVersion`));
  else if (parts.length > 2) errors.push(invalid(`${path}.apiVersion`, apiVersion, `unexpected GroupVersion string: ${apiVersion}`));
  else {
    const groupProblems = group ? dnsSubdomain(group) : [];
    if (groupProblems.length > 0) errors.push(invalid(`${path}.apiVersion`, group, groupProblems.join(',')));
    const versionProblems = dns1035Label(version);
    if (!version) errors.push(invalid(`${path}.apiVersion`, apiVersion, 'version must be specified'));
    else if (versionProblems.length > 0) errors.push(invalid(`${path}.apiVersion`, version, versionProblems.join(',')));
  }
  if (!kind) return [...errors, required(`${path}.kind`)];
  const kindProblems = dns1035Label(kind.toLowerCase());
  return kindProblems.length > 0 ? [...errors, invalid(`${path}.kind`, kind, `may have mixed case, but should otherwise match: ${kindProblems.join(',')}`)] : errors;
}

export function validateVariables({ variables = [] }: Pick<ValidatingAdmissionPolicySpec, 'variables'>, compile: Compile): FieldError[] {
  return variables.flatMap(({ name = '', expression = '' }: Partial<(typeof variables)[number]>, index) => {
    const path = `spec.variables[${index}]`;
    // A variable sees those before it.
    const problem = () => compile(expression, { variables: variables.slice(0, index).map((variable) => variable.name), result: 'any' });
    return [
      ...(name.trim() ? [] : [required(`${path}.name`, 'name is not specified')]),
      ...(name.trim() && (!identifier.test(name) || reserved.has(name)) ? [invalid(`${path}.name`, name, 'name is not a valid CEL identifier')] : []),
      ...(expression.trim() ? checkExpression(`${path}.expression`, expression, problem()) : [required(`${path}.expression`, 'expression is not specified')]),
    ];
  });
}

function validateOutcomes(spec: ValidatingAdmissionPolicySpec, name: string, compile: Compile): FieldError[] {
  const { validations = [], auditAnnotations = [] } = spec;
  const none = 'validations or auditAnnotations must contain at least one item';
  if (validations.length === 0 && auditAnnotations.length === 0) return [required('spec.validations', none), required('spec.auditAnnotations', none)];
  const keys = auditAnnotations.map(({ key }) => key);
  return [
    ...validations.flatMap((validation, index) => validateValidation(validation, `spec.validations[${index}]`, compile)),
    ...(auditAnnotations.length > maxAnnotations ? [invalid('spec.auditAnnotations', auditAnnotations, `must not have more than ${maxAnnotations} auditAnnotations`)] : []),
    ...auditAnnotations.flatMap((annotation, index) => [
      ...validateAnnotation(annotation, name, `spec.auditAnnotations[${index}]`, compile),
      ...(keys.indexOf(annotation.key) < index ? [duplicate(`spec.auditAnnotations[${index}].key`, annotation.key)] : []),
    ]),
  ];
}

function validateValidation(validation: Partial<Validation>, path: string, compile: Compile): FieldError[] {
  const { expression = '', message = '', messageExpression = '', reason } = validation;
  const errors = expression.trim() ? checkExpression(`${path}.expression`, expression, compile(expression)) : [required(`${path}.expression`, 'expression is not specified')];
  if (messageExpression.trim()) errors.push(...checkExpression(`${path}.messageExpression`, messageExpression, compile(messageExpression, { authorizer: false, result: 'string' })));
  else if (messageExpression) errors.push(invalid(`${path}.messageExpression`, messageExpression, 'must be non-empty if specified'));
  if (message && !message.trim()) errors.push(invalid(`${path}.message`, message, 'message must be non-empty if specified'));
  else if (/[\r\n]/.test(message.trim())) errors.push(invalid(`${path}.message`, message, 'message must not contain line breaks'));
  return reason === undefined || validationReasons.includes(reason) ? errors : [...errors, notSupported(`${path}.reason`, reason, validationReasons)];
}

function validateAnnotation({ key = '', valueExpression = '' }: Partial<AuditAnnotation>, name: string, path: string, compile: Compile): FieldError[] {
  const errors = name ? check(`${path}.key`, `${name}/${key}`, qualifiedName) : [invalid(`${path}.key`, key, 'requires metadata.name be non-empty')];
  const trimmed = valueExpression.trim();
  if (!trimmed) return [...errors, required(`${path}.valueExpression`, 'valueExpression is not specified')];
  if (Buffer.byteLength(trimmed) > maxAnnotationBytes) return [...errors, required(`${path}.valueExpression`, `must not exceed ${maxAnnotationBytes} bytes in length`)];
  return [...errors, ...checkExpression(`${path}.valueExpression`, valueExpression, compile(trimmed, { result: 'any' }))];
}

export const policyBindingStrategy: Strategy<Binding> = {
  ...plainStrategy,
  resource: validatingAdmissionPolicyBindings,
  allowUnconditionalUpdate: false,
  defaults({ spec }) {
    if (spec?.paramRef) spec.paramRef.parameterNotFoundAction ??= 'Deny';
    defaultMatchResources(spec?.matchResources);
  },
  validate: validateBinding,
  validateUpdate: validateBinding,
  generationChanged: (binding, old) => !deepEqual(binding.spec, old.spec),
};

export function validateBinding({ spec = {} }: Binding): FieldError[] {
  const { policyName, paramRef, matchResources, validationActions: actions = [] } = spec;
  return [
    ...(policyName ? check('spec.policyName', policyName, dnsSubdomain) : [required('spec.policyName')]),
    ...(paramRef ? validateParamRef(paramRef, 'spec.paramRef') : []),
    // The path is misspelled in Kubernetes too.
    ...(matchResources ? validateMatchResources(matchResources, 'spec.matchResouces') : []),
    ...actions.flatMap((action, index) => [
      ...(validationActions.includes(action) ? [] : [notSupported(`spec.validationActions[${index}]`, action, validationActions)]),
      ...(actions.indexOf(action) < index ? [duplicate(`spec.validationActions[${index}]`, action)] : []),
    ]),
    ...(actions.includes('Deny') && actions.includes('Warn')
      ? [invalid('spec.validationActions', actions, 'must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)')]
      : []),
    ...(actions.length === 0 ? [required('spec.validationActions', 'at least one validation action is required')] : []),
  ];
}

export function validateParamRef({ name, selector, parameterNotFoundAction }: ParamRef, path: string): FieldError[] {
  const both = 'name and selector are mutually exclusive';
  return [
    ...(name ? check(`${path}.name`, name, pathSegment) : []),
    ...(name && selector ? [forbidden(`${path}.name`, both)] : []),
    ...validateLabelSelector(selector, `${path}.selector`),
    ...(name && selector ? [forbidden(`${path}.selector`, both)] : []),
    ...(name || selector ? [] : [required(path, 'one of name or selector must be specified')]),
    ...oneOf(`${path}.parameterNotFoundAction`, parameterNotFoundAction, ['Deny', 'Allow']),
  ];
}
