/**
 * Expressions of policies and webhooks must compile when they are written, not when they are first needed. Follows the
 * expression checks of pkg/apis/admissionregistration/validation; a plugin, because CEL is loaded when it is first asked for.
 */
import type { MutatingAdmissionPolicy, MutatingWebhookConfiguration, ValidatingAdmissionPolicy, ValidatingWebhookConfiguration } from '../../../api/admissionregistration.ts';
import { newInvalid, type FieldError } from '../../../api/errors.ts';
import { mutatingAdmissionPolicies, mutatingWebhookConfigurations, validatingAdmissionPolicies, validatingWebhookConfigurations, type Resource } from '../../../api/resources.ts';
import { deepEqual } from '../../registry/deep-equal.ts';
import type { AdmissionAttributes, AdmissionPlugin } from '../admission.ts';
import type { MatchCondition } from '../webhook/webhook-conditions.ts';
import { loadExpressionCompiler, type CompileExpression } from './compile-expression.ts';
import { compileMutatingPolicy } from './compiled-mutations.ts';
import { compilePolicy } from './compiled-policy.ts';
import { compileConditions } from './match-conditions.ts';
import { conditionVariables } from './policy-variables.ts';

type Configuration = MutatingWebhookConfiguration | ValidatingWebhookConfiguration;

const configurations: ReadonlySet<Resource> = new Set<Resource>([mutatingWebhookConfigurations, validatingWebhookConfigurations]);

export function createExpressionAdmission(): AdmissionPlugin {
  return {
    name: 'ExpressionAdmission',
    review(attributes) {
      const { resource, operation, subresource } = attributes;
      if (subresource || (operation !== 'CREATE' && operation !== 'UPDATE')) return;
      if (resource === validatingAdmissionPolicies) {
        const { spec } = attributes.object as ValidatingAdmissionPolicy;
        const old = attributes.old as ValidatingAdmissionPolicy | undefined;
        if (deepEqual(spec, old?.spec)) return;
        return refuseProblems(attributes, (compile) => policyProblems(attributes.object as ValidatingAdmissionPolicy, compile));
      }
      if (resource === mutatingAdmissionPolicies) {
        const policy = attributes.object as MutatingAdmissionPolicy;
        if (deepEqual(policy.spec, attributes.old && (attributes.old as MutatingAdmissionPolicy).spec)) return;
        return refuseProblems(attributes, (compile) => mutationProblems(policy, compile));
      }
      if (!configurations.has(resource)) return;
      const conditions = conditionsOf(attributes.object as Configuration);
      if (conditions.every(({ length }) => length === 0) || deepEqual(conditions, attributes.old && conditionsOf(attributes.old as Configuration))) return;
      return refuseProblems(attributes, (compile) => conditions.flatMap((list, index) => conditionProblems(list, `webhooks[${index}].matchConditions`, compileConditions(list, compile, conditionVariables))));
    },
  };
}

function conditionsOf({ webhooks = [] }: Configuration): (readonly MatchCondition[])[] {
  return webhooks.map(({ matchConditions = [] }) => matchConditions);
}

async function refuseProblems({ resource, name, object }: AdmissionAttributes, find: (compile: CompileExpression) => FieldError[]): Promise<void> {
  const problems = find(await loadExpressionCompiler());
  if (problems.length > 0) throw newInvalid(resource, name || (object?.metadata?.name ?? ''), problems);
}

function problem(field: string, expression: { source: string; error?: string } | undefined): FieldError[] {
  return expression?.error === undefined ? [] : [invalid(field, expression.source, expression.error)];
}

function mutationProblems(policy: MutatingAdmissionPolicy, compile: CompileExpression): FieldError[] {
  const { conditions, variables, mutations } = compileMutatingPolicy(policy, compile);
  return [
    ...conditionProblems(policy.spec?.matchConditions ?? [], 'spec.matchConditions', conditions),
    ...variables.flatMap(({ expression }, index) => problem(`spec.variables[${index}].expression`, expression)),
    ...mutations.flatMap(({ field, expression }, index) => problem(`spec.mutations[${index}].${field}.expression`, expression)),
  ];
}

function policyProblems(policy: ValidatingAdmissionPolicy, compile: CompileExpression): FieldError[] {
  const { conditions, variables, validations, annotations } = compilePolicy(policy, compile);
  return [
    ...conditionProblems(policy.spec?.matchConditions ?? [], 'spec.matchConditions', conditions),
    ...variables.flatMap(({ expression }, index) => problem(`spec.variables[${index}].expression`, expression)),
    ...validations.flatMap(({ expression, messageExpression }, index) => [
      ...problem(`spec.validations[${index}].expression`, expression), ...problem(`spec.validations[${index}].messageExpression`, messageExpression),
    ]),
    ...annotations.flatMap(({ expression }, index) => problem(`spec.auditAnnotations[${index}].valueExpression`, expression)),
  ];
}

function conditionProblems(list: readonly MatchCondition[], path: string, compiled: ReturnType<typeof compileConditions>): FieldError[] {
  return compiled.flatMap((one, index) => ('error' in one ? [invalid(`${path}[${index}].expression`, list[index]!.expression, one.error.replace('compilation error: compilation failed: ', ''))] : []));
}

function invalid(field: string, expression: string, error: string): FieldError {
  const why = error.startsWith('must evaluate') ? error : `compilation failed: ${error}`;
  return { reason: 'FieldValueInvalid', field, message: `Invalid value: ${JSON.stringify(expression)}: ${why}` };
}
