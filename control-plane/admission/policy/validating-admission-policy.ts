/** ValidatingAdmissionPolicy and its bindings. Follows k8s.io/apiserver/pkg/admission/plugin/policy/validating. */
import type { ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding } from '../../../api/admissionregistration.ts';
import { newForbidden, StatusError } from '../../../api/errors.ts';
import type { KubernetesObject } from '../../../api/meta.ts';
import { validatingAdmissionPolicies, validatingAdmissionPolicyBindings, type Resource } from '../../../api/resources.ts';
import { runtimeCostBudget, type CelBudget } from '../../cel/program.ts';
import { addAuditAnnotation, addWarning } from '../admission.ts';
import type { AdmissionAttributes, AdmissionPlugin } from '../admission.ts';
import { admissionRequest, type Convert } from '../match/admission-request.ts';
import { isExempt, matchesNamespace, matchesObject, matchesRule, matchRules, nameOf } from '../match/match-rules.ts';
import { loadExpressionCompiler } from './compile-expression.ts';
import { compilePolicy, evaluatePolicy, type CompiledPolicy, type Denial } from './compiled-policy.ts';
import { findParams } from './find-params.ts';
import { policyVariables, type VariableSources } from './policy-variables.ts';

export interface PolicyAdmissionOptions extends VariableSources {
  convert: Convert;
  equivalents: (resource: Resource) => readonly Resource[];
  findKind: (apiVersion: string, kind: string) => Resource | undefined;
}

type Constraints = NonNullable<ValidatingAdmissionPolicy['spec']>['matchConstraints'];

interface Refusal {
  policy: string;
  binding: string | undefined;
  message: string;
  reason: string | undefined;
}

export function createValidatingAdmissionPolicies(options: PolicyAdmissionOptions): AdmissionPlugin {
  const compiled = new WeakMap<ValidatingAdmissionPolicy, CompiledPolicy>();
  const reviewMatching = async (matching: readonly Matching[], attributes: AdmissionAttributes): Promise<void> => {
    const compile = await loadExpressionCompiler();
    const refusals: Refusal[] = [];
    const audited: object[] = [];
    for (const one of matching) {
      const program = compiled.get(one.policy) ?? compilePolicy(one.policy, compile);
      compiled.set(one.policy, program);
      refusals.push(...await reviewPolicy(options, { ...one, program, audited }, attributes));
    }
    if (audited.length > 0) addAuditAnnotation(attributes, 'validation.policy.admission.k8s.io/validation_failure', JSON.stringify(audited));
    if (refusals.length > 0) throw newRefusal(attributes, refusals[0]!);
  };
  return {
    name: 'ValidatingAdmissionPolicy',
    review(attributes) {
      const { store } = options;
      const bindings = store.list(validatingAdmissionPolicyBindings);
      if (bindings.length === 0 || isExempt(attributes.resource)) return;
      const matching = store.list(validatingAdmissionPolicies).flatMap((policy): Matching[] => {
        const own = bindings.filter(({ spec }) => spec?.policyName === policy.metadata?.name);
        const shownAs = own.length > 0 ? matchConstraints(policy.spec?.matchConstraints, attributes, options) : undefined;
        return shownAs ? [{ policy, bindings: own, shownAs }] : [];
      });
      if (matching.length === 0) return;
      return reviewMatching(matching, attributes);
    },
  };
}

interface Matching {
  policy: ValidatingAdmissionPolicy;
  bindings: readonly ValidatingAdmissionPolicyBinding[];
  shownAs: Resource;
}

export function matchConstraints(constraints: Constraints, attributes: AdmissionAttributes, { store, equivalents }: PolicyAdmissionOptions): Resource | undefined {
  if (!constraints) return undefined;
  if (!matchesNamespace(constraints.namespaceSelector, attributes, store) || !matchesObject(constraints.objectSelector, attributes)) return undefined;
  const requested = attributes.context.requestResource ?? attributes.resource;
  if (constraints.excludeResourceRules?.some((rule) => matchesRule(rule, attributes, requested))) return undefined;
  return matchRules(constraints.resourceRules ?? [], attributes, constraints.matchPolicy, equivalents);
}

/** A binding without constraints of its own is about all that the policy is about. */
export function bindingMatches({ spec }: { spec?: { matchResources?: Constraints } }, attributes: AdmissionAttributes, options: PolicyAdmissionOptions): boolean {
  const constraints = spec?.matchResources;
  if (!constraints) return true;
  if (constraints.resourceRules?.length) return matchConstraints(constraints, attributes, options) !== undefined;
  const requested = attributes.context.requestResource ?? attributes.resource;
  return matchesNamespace(constraints.namespaceSelector, attributes, options.store) && matchesObject(constraints.objectSelector, attributes)
    && !constraints.excludeResourceRules?.some((rule) => matchesRule(rule, attributes, requested));
}

async function reviewPolicy(options: PolicyAdmissionOptions, { policy, bindings, shownAs, program, audited }: Matching & { program: CompiledPolicy; audited: object[] }, attributes: AdmissionAttributes): Promise<Refusal[]> {
  const refusals: Refusal[] = [];
  const policyName = policy.metadata?.name ?? '';
  const fails = policy.spec?.failurePolicy !== 'Ignore';
  const budget: CelBudget = { remaining: runtimeCostBudget };
  const request = await admissionRequest({ uid: '', attributes, shownAs, convert: options.convert });
  const shared = await policyVariables(request, attributes, options);
  const annotations = new Map<string, Set<string>>();
  for (const binding of bindings) {
    if (!bindingMatches(binding, attributes, options)) continue;
    const bindingName = binding.metadata?.name ?? '';
    const refuse = ({ message, reason }: Pick<Denial, 'message' | 'reason'>): void => { refusals.push({ policy: policyName, binding: bindingName, message, reason }); };
    let params: readonly (KubernetesObject | null)[];
    try {
      params = findParams(options, policy, binding, attributes);
    } catch (error) {
      if (fails) refuse({ message: `failed to configure binding: ${(error as Error).message}`, reason: undefined });
      continue;
    }
    for (const param of params) {
      const { denials, annotations: noted } = evaluatePolicy(program, { ...shared, params: param }, budget);
      for (const [key, value] of noted) annotations.set(key, (annotations.get(key) ?? new Set()).add(value));
      for (const denial of denials) act({ attributes, binding, policyName, denial, refuse, audited });
    }
  }
  for (const [key, values] of annotations) addAuditAnnotation(attributes, `${policyName}/${key}`, [...values].join(', '));
  return refusals;
}

function act({ attributes, binding, policyName, denial, refuse, audited }: {
  attributes: AdmissionAttributes; binding: ValidatingAdmissionPolicyBinding; policyName: string; denial: Denial; refuse: (denial: Denial) => void;
  /** Takes what the audit log is to know. */
  audited: object[];
}): void {
  const bindingName = binding.metadata?.name ?? '';
  const actions = binding.spec?.validationActions ?? [];
  for (const action of actions) {
    if (action === 'Deny') refuse(denial);
    else if (action === 'Warn') addWarning(attributes, `Validation failed for ValidatingAdmissionPolicy '${policyName}' with binding '${bindingName}': ${denial.message}`);
    else if (action === 'Audit') audited.push({ message: denial.message, policy: policyName, binding: bindingName, expressionIndex: denial.index, validationActions: actions });
  }
}

const codes: Readonly<Record<string, number>> = { Forbidden: 403, Unauthorized: 401, RequestEntityTooLarge: 413, Invalid: 422 };

function newRefusal(attributes: AdmissionAttributes, { policy, binding, message, reason = 'Invalid' }: Refusal): StatusError {
  const text = `ValidatingAdmissionPolicy '${policy}'${binding === undefined ? '' : ` with binding '${binding}'`} denied request: ${message}`;
  const { status } = newForbidden(attributes.resource, nameOf(attributes) || (attributes.object?.metadata?.generateName ?? 'Unknown'), text);
  return new StatusError({ ...status, reason, code: codes[reason] ?? 422, details: { ...status.details, causes: [{ message: text }] } });
}
