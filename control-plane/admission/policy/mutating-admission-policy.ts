/** MutatingAdmissionPolicy and its bindings. Follows k8s.io/apiserver/pkg/admission/plugin/policy/mutating. */
import type { MutatingAdmissionPolicy, MutatingAdmissionPolicyBinding } from '../../../api/admissionregistration.ts';
import { newForbidden, StatusError } from '../../../api/errors.ts';
import { deducedSchema } from '../../../api/field-path/field-schema.ts';
import type { KubernetesObject } from '../../../api/meta.ts';
import { mutatingAdmissionPolicies, mutatingAdmissionPolicyBindings, type Resource } from '../../../api/resources.ts';
import { runtimeCostBudget } from '../../cel/program.ts';
import { deepClone } from '../../registry/deep-clone.ts';
import { deepEqual } from '../../registry/deep-equal.ts';
import { fieldSchemaOf } from '../../registry/managed-fields/field-schemas.ts';
import type { AdmissionAttributes, AdmissionPlugin } from '../admission.ts';
import { admissionRequest } from '../match/admission-request.ts';
import { changeObject } from '../match/change-object.ts';
import { isExempt, nameOf } from '../match/match-rules.ts';
import { loadExpressionCompiler } from './compile-expression.ts';
import { compileMutatingPolicy, mutate, type CompiledMutatingPolicy } from './compiled-mutations.ts';
import { lazyVariables } from './compiled-policy.ts';
import { findParams } from './find-params.ts';
import { evaluateConditions } from './match-conditions.ts';
import { policyVariables } from './policy-variables.ts';
import { bindingMatches, matchConstraints, type PolicyAdmissionOptions } from './validating-admission-policy.ts';

export interface MutatingPolicyOptions extends PolicyAdmissionOptions {
  /** The plugins that look again at what policies changed. */
  again: (attributes: AdmissionAttributes) => Promise<void>;
}

export interface MutatingPolicies extends AdmissionPlugin {
  /** Those of the policies so far that want to know of what webhooks changed. */
  reinvoke(attributes: AdmissionAttributes): Promise<void>;
}

/** A policy, a binding of it and one of its parameters. */
interface Invocation {
  policy: MutatingAdmissionPolicy;
  binding: MutatingAdmissionPolicyBinding;
  param: KubernetesObject | null;
  shownAs: Resource;
}

type Problem = Pick<Invocation, 'policy'> & { binding?: MutatingAdmissionPolicyBinding; message: string; reason?: string };

interface Round {
  /** Keys of those to ask again. Absent: all. */
  only?: ReadonlySet<string>;
}

interface Outcome {
  changed: boolean;
  reinvocable: Set<string>;
  /** Of those, the ones that a later one has overtaken. */
  overtaken: Set<string>;
}

export function createMutatingAdmissionPolicies(options: MutatingPolicyOptions): MutatingPolicies {
  const compiled = new WeakMap<MutatingAdmissionPolicy, CompiledMutatingPolicy>();
  /** Request → who wants to be asked again, and what the object was when the last one was. */
  const asked = new WeakMap<AdmissionAttributes, { reinvocable: ReadonlySet<string>; object: KubernetesObject | undefined }>();
  const round = (attributes: AdmissionAttributes, which: Round): Promise<Outcome> => runRound(options, compiled, attributes, which);
  return {
    name: 'MutatingAdmissionPolicy',
    async admit(attributes) {
      const { store } = options;
      // Of a deletion and of a connection there is no object that could be changed.
      if ((attributes.operation !== 'CREATE' && attributes.operation !== 'UPDATE') || !attributes.object || isExempt(attributes.resource) || store.count(mutatingAdmissionPolicyBindings) === 0) return;
      const first = await round(attributes, {});
      if (first.changed) {
        const before = deepClone(attributes.object);
        await options.again(attributes);
        // What the built-in plugins changed is new to every policy that wants to know.
        const only = deepEqual(before, attributes.object) ? first.overtaken : first.reinvocable;
        if (only.size > 0) await round(attributes, { only });
      }
      if (first.reinvocable.size > 0) asked.set(attributes, { reinvocable: first.reinvocable, object: deepClone(attributes.object) });
    },
    async reinvoke(attributes) {
      const last = asked.get(attributes);
      if (last && !deepEqual(last.object, attributes.object)) await round(attributes, { only: last.reinvocable });
    },
  };
}

async function runRound(options: MutatingPolicyOptions, compiled: WeakMap<MutatingAdmissionPolicy, CompiledMutatingPolicy>, attributes: AdmissionAttributes, { only }: Round): Promise<Outcome> {
  const outcome: Outcome = { changed: false, reinvocable: new Set(), overtaken: new Set() };
  const problems: Problem[] = [];
  const invocations = findInvocations(options, attributes, problems);
  const compile = invocations.length > 0 ? await loadExpressionCompiler() : undefined;
  for (const invocation of invocations) {
    const key = keyOf(invocation);
    if (!compile || (only && !only.has(key))) continue;
    const program = compiled.get(invocation.policy) ?? compileMutatingPolicy(invocation.policy, compile);
    compiled.set(invocation.policy, program);
    const changed = await invoke(options, program, invocation, attributes, problems);
    if (changed === undefined) continue;
    if (changed) {
      outcome.changed = true;
      for (const earlier of outcome.reinvocable) outcome.overtaken.add(earlier);
    }
    if (invocation.policy.spec?.reinvocationPolicy === 'IfNeeded') outcome.reinvocable.add(key);
  }
  const fatal = problems.filter(({ policy }) => policy.spec?.failurePolicy !== 'Ignore');
  if (fatal.length > 0) throw newRefusal(attributes, fatal);
  return outcome;
}

function findInvocations(options: MutatingPolicyOptions, attributes: AdmissionAttributes, problems: Problem[]): Invocation[] {
  const bindings = options.store.list(mutatingAdmissionPolicyBindings);
  return options.store.list(mutatingAdmissionPolicies).flatMap((policy) => {
    const own = bindings.filter(({ spec }) => spec?.policyName === policy.metadata?.name);
    const shownAs = own.length > 0 ? matchConstraints(policy.spec?.matchConstraints, attributes, options) : undefined;
    if (!shownAs) return [];
    return own.filter((binding) => bindingMatches(binding, attributes, options)).flatMap((binding) => {
      try {
        return findParams(options, policy, binding, attributes).map((param) => ({ policy, binding, param, shownAs }));
      } catch (error) {
        problems.push({ policy, binding, message: `failed to configure binding: ${(error as Error).message}` });
        return [];
      }
    });
  });
}

/** @returns whether it changed the object; undefined: its conditions are not met. */
async function invoke(options: MutatingPolicyOptions, program: CompiledMutatingPolicy, { policy, binding, param, shownAs }: Invocation, attributes: AdmissionAttributes, problems: Problem[]): Promise<boolean | undefined> {
  const problem = (message: string): void => { problems.push({ policy, binding, message, reason: 'Invalid' }); };
  const contextOf = async (): Promise<Record<string, unknown>> => {
    const request = await admissionRequest({ uid: '', attributes, shownAs, convert: options.convert });
    return { ...await policyVariables(request, attributes, options), params: param };
  };
  const { met, errors } = evaluateConditions(program.conditions, await contextOf(), { remaining: runtimeCostBudget });
  if (!met) return undefined;
  if (errors.length > 0) {
    problem(errors.join(', '));
    return undefined;
  }
  const schema = attributes.subresource && attributes.subresource !== 'status' ? deducedSchema : fieldSchemaOf(shownAs);
  let changed = false;
  for (const mutation of program.mutations) {
    const budget = { remaining: runtimeCostBudget };
    // Each mutation sees what those before it did.
    const context = await contextOf();
    const variables: Record<string, unknown> = { ...context, variables: lazyVariables(program.variables, context, budget) };
    try {
      changed = await changeObject(attributes, shownAs, options.convert, (shown) => mutate(mutation, shown, { schema, variables, budget })) || changed;
    } catch (error) {
      if (error instanceof StatusError) throw error;
      problem((error as Error).message);
    }
  }
  return changed;
}

function keyOf({ policy, binding, param }: Invocation): string {
  return JSON.stringify([policy.metadata?.name, binding.metadata?.name, param?.metadata?.namespace, param?.metadata?.name]);
}

function newRefusal(attributes: AdmissionAttributes, problems: readonly Problem[]): StatusError {
  const texts = problems.map(({ policy, binding, message }) => (binding
    ? `policy '${policy.metadata?.name}' with binding '${binding.metadata?.name}' denied request: ${message}` : `policy ${JSON.stringify(policy.metadata?.name)} denied request: ${message}`));
  const { status } = newForbidden(attributes.resource, nameOf(attributes) || (attributes.object?.metadata?.generateName ?? 'Unknown'), 'admission request denied by policy');
  const { reason } = problems[0]!;
  return new StatusError({ ...status, message: texts[0]!, ...(reason ? { reason } : {}), details: { ...status.details, causes: texts.map((message) => ({ message })) } });
}
