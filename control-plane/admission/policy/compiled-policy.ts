/** A policy with its expressions compiled, and what it says about one request. */
import type { ValidatingAdmissionPolicy } from '../../../api/admissionregistration.ts';
import type { CelBudget, CelProgram } from '../../cel/program.ts';
import type { CompileExpression } from './compile-expression.ts';
import { celValue } from './compile-expression.ts';
import { compileConditions, evaluateConditions } from './match-conditions.ts';
import { policyExpressionVariables } from './policy-variables.ts';

type Expression = { source: string; program: CelProgram } | { source: string; error: string };

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

export function compilePolicy({ spec }: ValidatingAdmissionPolicy, compile: CompileExpression): CompiledPolicy {
  const one = (source: string): Expression => {
    try {
      return { source, program: compile(source, policyExpressionVariables) };
    } catch (error) {
      return { source, error: (error as Error).message };
    }
  };
  return {
    fails: spec?.failurePolicy !== 'Ignore',
    conditions: compileConditions(spec?.matchConditions ?? [], compile, policyExpressionVariables),
    variables: (spec?.variables ?? []).map(({ name, expression }) => ({ name, expression: one(expression) })),
    validations: (spec?.validations ?? []).map(({ expression, message, messageExpression, reason }) => ({
      expression: one(expression), message, reason, messageExpression: messageExpression ? one(messageExpression) : undefined,
    })),
    annotations: (spec?.auditAnnotations ?? []).map(({ key, valueExpression }) => ({ key, expression: one(valueExpression) })),
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
function lazyVariables(variables: CompiledPolicy['variables'], context: Readonly<Record<string, unknown>>, budget: CelBudget): object {
  const values = {};
  for (const { name, expression } of variables) {
    let known: { value: unknown } | undefined;
    Object.defineProperty(values, name, { enumerable: true, get: () => (known ??= { value: celValue(run(expression, context, budget)) }).value });
  }
  return values;
}

function run(expression: Expression, context: Readonly<Record<string, unknown>>, budget: CelBudget): unknown {
  if ('error' in expression) throw new Error(`compilation error: compilation failed: ${expression.error}`);
  // The same object each time, and never converted: its values are computed when they are asked for.
  const { variables, ...others } = context;
  try {
    return expression.program.evaluate({ ...others, variables: () => variables }, budget);
  } catch (error) {
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
