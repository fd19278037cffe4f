/** matchConditions of webhooks and policies. Follows k8s.io/apiserver/pkg/admission/plugin/webhook/matchconditions. */
import { runtimeCostBudget, type CelProgram } from '../../cel/program.ts';
import { bool, type CelType } from '../../cel/types.ts';
import { admissionRequest, type Convert } from '../match/admission-request.ts';
import type { ConditionOutcome, MatchCondition, MatchConditions } from '../webhook/webhook-conditions.ts';
import { loadExpressionCompiler, type CompileExpression } from './compile-expression.ts';
import { conditionVariables, policyVariables, type VariableSources } from './policy-variables.ts';

type Compiled = { name: string; program: CelProgram } | { name: string; error: string };

export interface ConditionParts extends VariableSources {
  convert: Convert;
}

export function createMatchConditions({ convert, ...sources }: ConditionParts): MatchConditions {
  const compiled = new WeakMap<readonly MatchCondition[], readonly Compiled[]>();
  return {
    async evaluate(conditions, { shownAs }, attributes) {
      const compile = await loadExpressionCompiler();
      const list = compiled.get(conditions) ?? compileConditions(conditions, compile, conditionVariables);
      compiled.set(conditions, list);
      const request = await admissionRequest({ uid: '', attributes, shownAs, convert });
      return evaluateConditions(list, await policyVariables(request, attributes, sources), { remaining: runtimeCostBudget });
    },
  };
}

export function compileConditions(conditions: readonly MatchCondition[], compile: CompileExpression, variables: Readonly<Record<string, CelType>>): readonly Compiled[] {
  return conditions.map(({ name, expression }) => {
    try {
      return { name, program: compile(expression, { variables, result: [bool] }) };
    } catch (error) {
      return { name, error: `compilation error: compilation failed: ${(error as Error).message}` };
    }
  });
}

/** One that is false decides, whatever goes wrong with the others. */
export function evaluateConditions(list: readonly Compiled[], variables: Readonly<Record<string, unknown>>, budget: { remaining: number }): ConditionOutcome {
  const errors: string[] = [];
  for (const condition of list) {
    if ('error' in condition) {
      errors.push(condition.error);
      continue;
    }
    try {
      const result = condition.program.evaluate(variables, budget);
      if (result === false) return { met: false, errors: [] };
      if (result !== true) errors.push(`matchCondition ${condition.name}: must evaluate to bool`);
    } catch (error) {
      errors.push(`expression '${condition.program.source}' resulted in error: ${(error as Error).message}`);
    }
  }
  return { met: true, errors };
}
