/** CEL expressions over an admission request. Nothing of CEL is loaded before the first expression is. */
import { CelCompileError, CelEvaluationError, type CelBudget, type CelProgram } from '../../cel/program.ts';
import { dyn } from '../../cel/types.ts';

/** @param variables what the expression may name. @throws CelCompileError */
export type CompileExpression = (source: string, variables: readonly string[]) => CelProgram;

export async function loadExpressionCompiler(): Promise<CompileExpression> {
  const { Environment } = await import('@marcbachmann/cel-js');
  const byVariables = new Map<string, InstanceType<typeof Environment>>();
  const environmentOf = (variables: readonly string[]): InstanceType<typeof Environment> => {
    const key = variables.join();
    const known = byVariables.get(key);
    if (known) return known;
    const made = new Environment({ enableOptionalTypes: true });
    for (const name of variables) made.registerVariable(name, 'dyn');
    byVariables.set(key, made);
    return made;
  };
  return (source, variables) => compile(source, environmentOf(variables));
}

interface ParsedExpression {
  (context: Record<string, unknown>): unknown;
  check(): { valid: boolean; error?: Error };
}

function compile(source: string, environment: { parse(source: string): unknown }): CelProgram {
  let parsed: ParsedExpression;
  try {
    parsed = environment.parse(source) as ParsedExpression;
  } catch (error) {
    throw new CelCompileError((error as Error).message);
  }
  const { valid, error } = parsed.check();
  if (!valid) throw new CelCompileError(error?.message ?? 'invalid expression');
  return {
    source, resultType: dyn,
    uses: (variable) => new RegExp(`\\b${variable}\\b`).test(source),
    evaluate(variables, budget?: CelBudget) {
      if (budget && (budget.remaining -= source.length) < 0) throw new CelEvaluationError('operation cancelled: actual cost limit exceeded', { costExceeded: true });
      try {
        const context: Record<string, unknown> = {};
        for (const [name, value] of Object.entries(variables)) {
          if (typeof value === 'function') Object.defineProperty(context, name, { get: value as () => unknown, enumerable: true });
          else context[name] = celValue(value);
        }
        return parsed(context);
      } catch (failure) {
        throw new CelEvaluationError((failure as Error).message);
      }
    },
  };
}

const converted = new WeakMap<object, unknown>();

/** Whole numbers of JSON are ints in CEL. */
export function celValue(value: unknown): unknown {
  if (typeof value === 'number') return Number.isInteger(value) ? BigInt(value) : value;
  if (typeof value !== 'object' || value === null) return value ?? null;
  const known = converted.get(value);
  if (known !== undefined) return known;
  const made = Array.isArray(value) ? value.map(celValue) : Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined).map(([key, one]) => [key, celValue(one)]));
  if (Object.isFrozen(value)) converted.set(value, made);
  return made;
}
