/** MutatingAdmissionPolicies and their bindings. Follows pkg/registry/admissionregistration and pkg/apis/admissionregistration. */
import type { MutatingAdmissionPolicy, MutatingAdmissionPolicyBinding, Mutation } from '../../../api/admissionregistration.ts';
import { mutatingAdmissionPolicies, mutatingAdmissionPolicyBindings } from '../../../api/resources.ts';
import { deepEqual } from '../deep-equal.ts';
import { plainStrategy, type Strategy } from '../strategy.ts';
import { check, forbidden, notSupported, oneOf, required, type FieldError } from '../validation/field-errors.ts';
import { dnsSubdomain } from '../validation/names.ts';
import { checkExpression, validateMatchConditions, type ExpressionCheck, type ExpressionScope } from './expressions.ts';
import { validateConstraints, validateParamKind, validateParamRef, validateVariables, type Compile } from './policies.ts';
import { defaultMatchResources, failurePolicies, validateMatchResources } from './rules.ts';

type Policy = MutatingAdmissionPolicy;
type Binding = MutatingAdmissionPolicyBinding;

const reinvocationPolicies = ['IfNeeded', 'Never'];
const patchTypes = ['ApplyConfiguration', 'JSONPatch'];

export function createMutatingPolicyStrategy(checkCel: ExpressionCheck): Strategy<Policy> {
  return {
    ...plainStrategy,
    resource: mutatingAdmissionPolicies,
    allowUnconditionalUpdate: false,
    defaults({ spec }) {
      if (!spec) return;
      spec.failurePolicy ??= 'Fail';
      defaultMatchResources(spec.matchConstraints);
    },
    validate: (policy) => validatePolicy(policy, checkCel),
    validateUpdate: (policy, old) => (deepEqual(policy.spec, old.spec) ? [] : validatePolicy(policy, checkCel)),
    generationChanged: (policy, old) => !deepEqual(policy.spec, old.spec),
  };
}

function validatePolicy({ spec = {} }: Policy, checkCel: ExpressionCheck): FieldError[] {
  const { failurePolicy, paramKind, matchConstraints, matchConditions = [], variables = [], mutations = [], reinvocationPolicy } = spec;
  const compile: Compile = (expression: string, scope: Partial<ExpressionScope> = {}) =>
    checkCel(expression, { params: paramKind !== undefined, authorizer: true, variables: variables.map(({ name }) => name), result: 'any', ...scope });
  return [
    ...oneOf('spec.failurePolicy', failurePolicy, failurePolicies),
    ...(paramKind ? validateParamKind(paramKind, 'spec.paramKind') : []),
    ...validateConstraints(matchConstraints, 'spec.matchConstraints'),
    ...validateMatchConditions(matchConditions, 'spec.matchConditions', (expression) => compile(expression, { variables: [], result: 'bool' })),
    ...validateVariables(spec, compile),
    ...(mutations.length === 0 ? [required('spec.mutations', 'mutations must contain at least one item')] : []),
    ...mutations.flatMap((mutation, index) => validateMutation(mutation, `spec.mutations[${index}]`, compile)),
    ...(reinvocationPolicy ? (reinvocationPolicies.includes(reinvocationPolicy) ? [] : [notSupported('spec.reinvocationPolicy', reinvocationPolicy, reinvocationPolicies)]) : [required('spec.reinvocationPolicy')]),
  ];
}

const parts = { ApplyConfiguration: 'applyConfiguration', JSONPatch: 'jsonPatch' } as const;

function validateMutation(mutation: Partial<Mutation>, path: string, compile: Compile): FieldError[] {
  const { patchType = '' } = mutation;
  if (!patchType) return [required(`${path}.patchType`)];
  if (!patchTypes.includes(patchType)) return [notSupported(`${path}.patchType`, patchType, patchTypes)];
  const own = parts[patchType as keyof typeof parts];
  const other = own === 'jsonPatch' ? 'applyConfiguration' : 'jsonPatch';
  const errors = mutation[other] ? [forbidden(`${path}.${other}`, `may not be specified when patchType is ${patchType}`)] : [];
  const given = mutation[own];
  if (!given) return [required(`${path}.${own}`, `must be specified when patchType is ${patchType}`), ...errors];
  const expression = given.expression?.trim() ?? '';
  const place = `${path}.${own}.expression`;
  return [...(expression ? checkExpression(place, expression, compile(expression)) : [required(place, 'expression is not specified')]), ...errors];
}

export const mutatingPolicyBindingStrategy: Strategy<Binding> = {
  ...plainStrategy,
  resource: mutatingAdmissionPolicyBindings,
  allowUnconditionalUpdate: false,
  defaults({ spec }) {
    if (spec?.paramRef) spec.paramRef.parameterNotFoundAction ??= 'Deny';
    defaultMatchResources(spec?.matchResources);
  },
  validate: validateBinding,
  validateUpdate: validateBinding,
  generationChanged: (binding, old) => !deepEqual(binding.spec, old.spec),
};

function validateBinding({ spec = {} }: Binding): FieldError[] {
  const { policyName, paramRef, matchResources } = spec;
  return [
    ...(policyName ? check('spec.policyName', policyName, dnsSubdomain) : [required('spec.policyName')]),
    ...(paramRef ? validateParamRef(paramRef, 'spec.paramRef') : []),
    // The path is misspelled in Kubernetes too.
    ...(matchResources ? validateMatchResources(matchResources, 'spec.matchResouces') : []),
  ];
}
