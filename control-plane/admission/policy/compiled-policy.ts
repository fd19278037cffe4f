/** A policy with its expressions compiled, and what it says about one request. */
import type { ValidatingAdmissionPolicy } from '../../../api/admissionregistration.ts';
import { CelEvaluationError, type CelBudget, type CelProgram } from '../../cel/program.ts';
import { bool, nullType, string, type CelType } from '../../cel/types.ts';
import type { CompileExpression, ExpressionEnvironment } from './compile-expression.ts';
import { compileConditions, evaluateConditions } from './match-conditions.ts';
import { policyVariableTypes, type VariableTypes } from './policy-variables.ts';

/** One that compiles, or why it does not. */
export type Expression = { source: string; program: CelProgram } | { source: string; error: string };

export interface CompiledPolicy {
  fails: boolean;
  conditions: ReturnType<typeof compileConditions>;
  variables: readonly { name: string; expression: Expression }[];
  validations: readonly { expression: Expression; message: string | undefined; messageExpression: Expression | undefined; reason: string | undefined }[];
  annotations: readonly { key: string; expression: Expression }[];
}

export interface Denial {
  /** Place of the validation in the policy. */
  index: number;
  message: string;
  reason: string | undefined;
}

export interface PolicyOutcome {
  denials: readonly Denial[];
  annotations: ReadonlyMap<string, string>;
}

interface PolicyParts {
  paramKind?: object;
  variables?: readonly { name: string; expression: string }[];
  matchConditions?: Parameters<typeof compileConditions>[0];
}

export interface CompiledParts extends Pick<CompiledPolicy, 'conditions' | 'variables'> {
  /** One more expression of the policy, which sees all variables. */
  one: (source: string, environment?: Pick<ExpressionEnvironment, 'result' | 'objects'>) => Expression;
}

/** What policies of all kinds have. */
export function compileParts(spec: PolicyParts, compile: CompileExpression, types: VariableTypes = {}): CompiledParts {
  const plain = policyVariableTypes({ spec }, types);
  const known = new Map<string, CelType>();
  const one: CompiledParts['one'] = (source, environment = {}) => {
    // A variable sees those before it.
    const variables = { ...plain, variables: { kind: 'object', name: 'kubernetes.variables', fields: new Map(known) } as const };
    try {
      return { source, program: compile(source, { variables, ...environment }) };
    } catch (error) {
      return { source, error: (error as Error).message };
    }
  };
  return {
    one,
    conditions: compileConditions(spec.matchConditions ?? [], compile, plain),
    variables: (spec.variables ?? []).map(({ name, expression: source }) => {
      const expression = one(source);
      if ('program' in expression) known.set(name, expression.program.resultType);
      return { name, expression };
    }),
  };
}

/** @param types what is known of the objects; without, every field of theirs is looked up when the expression runs. */
export function compilePolicy({ spec }: ValidatingAdmissionPolicy, compile: CompileExpression, types: VariableTypes = {}): CompiledPolicy {
  const { one: compileOne, conditions, variables } = compileParts(spec ?? {}, compile, types);
  const one = (source: string, result: readonly CelType[]): Expression => compileOne(source, { result });
  return {
    fails: spec?.failurePolicy !== 'Ignore',
    conditions, variables,
    validations: (spec?.validations ?? []).map(({ expression, message, messageExpression, reason }) => ({
      expression: one(expression, [bool]), message, reason, messageExpression: messageExpression ? one(messageExpression, [string]) : undefined,
    })),
    annotations: (spec?.auditAnnotations ?? []).map(({ key, valueExpression }) => ({ key, expression: one(valueExpression, [string, nullType]) })),
  };
}

const nothing: PolicyOutcome = { denials: [], annotations: new Map() };
const maxAnnotationLength = 10 * 1024;

export function evaluatePolicy(policy: CompiledPolicy, given: Readonly<Record<string, unknown>>, budget: CelBudget): PolicyOutcome {
  const context: Record<string, unknown> = { ...given };
  context['variables'] = lazyVariables(policy.variables, context, budget);
  const { met, errors } = evaluateConditions(policy.conditions, context, budget);
  if (!met) return nothing;
  if (errors.length > 0) return policy.fails ? { denials: [{ index: 0, message: errors.join(', '), reason: undefined }], annotations: new Map() } : nothing;
  const denials: Denial[] = [];
  for (const [index, validation] of policy.validations.entries()) {
    const denial = validate(validation, context, budget);
    if (denial && (policy.fails || !denial.error)) denials.push({ index, message: denial.message, reason: denial.error ? undefined : validation.reason });
  }
  const annotations = new Map<string, string>();
  for (const { key, expression } of policy.annotations) {
    try {
      const value = run(expression, context, budget);
      if (typeof value === 'string' && value.trim() !== '') annotations.set(key, value.trim().slice(0, maxAnnotationLength));
    } catch (error) {
      if (policy.fails) denials.push({ index: 0, message: (error as Error).message, reason: undefined });
    }
  }
  return { denials, annotations };
}

/** `variables.x` is evaluated when it is first asked for, and may use those before it. */
export function lazyVariables(variables: readonly { name: string; expression: Expression }[], context: Readonly<Record<string, unknown>>, budget: CelBudget): object {
  return Object.fromEntries(variables.map(({ name, expression }) => {
    let known: { value: unknown } | undefined;
    return [name, () => (known ??= { value: run(expression, context, budget) }).value];
  }));
}

/** @throws Error that says what is wrong with the expression, or went wrong in it. */
export function run(expression: Expression, context: Readonly<Record<string, unknown>>, budget: CelBudget): unknown {
  if ('error' in expression) throw new Error(`compilation error: compilation failed: ${expression.error}`);
  try {
    return expression.program.evaluate(context, budget);
  } catch (error) {
    if (error instanceof CelEvaluationError && error.costExceeded && budget.remaining <= 0) throw error;
    throw new Error(`expression '${expression.source}' resulted in error: ${(error as Error).message}`, { cause: error });
  }
}

function validate({ expression, message, messageExpression }: CompiledPolicy['validations'][number], context: Readonly<Record<string, unknown>>, budget: CelBudget): { message: string; error: boolean } | undefined {
  let result: unknown;
  try {
    result = run(expression, context, budget);
  } catch (error) {
    return { message: (error as Error).message, error: true };
  }
  if (result === true) return undefined;
  return { message: messageOf(messageExpression, context, budget) ?? (message?.trim() || `failed expression: ${expression.source.trim()}`), error: false };
}

/** A message that cannot be computed, is empty or has several lines does not count. */
function messageOf(expression: Expression | undefined, context: Readonly<Record<string, unknown>>, budget: CelBudget): string | undefined {
  if (!expression) return undefined;
  try {
    const value = run(expression, context, budget);
    const text = typeof value === 'string' ? value.trim() : '';
    return text === '' || text.includes('\n') || text.length > 5 * 1024 ? undefined : text;
  } catch {
    return undefined; // The denial stands; its plain message says enough.
  }
}
