/**
 * A compiled CEL expression, and what its users give and get. Counterpart of k8s.io/apiserver/pkg/cel.
 *
 * VALUES are as decoded JSON has them, so objects of the store go in as they are: strings, booleans, null, arrays, plain
 * objects (maps and typed objects), numbers. What a number is (int or double) follows from the declared type, else from its
 * value. Inside, int is a bigint, double a number; `evaluate` gives int results as bigint.
 */
import type { CelType } from './types.ts';

export interface CelBudget {
  /** Cost units that are left; taken down by every evaluation that shares the budget. */
  remaining: number;
}

/** Kubernetes' limits: of one expression, and of all that one request runs. */
export const perCallCostLimit = 1_000_000;
export const runtimeCostBudget = 10_000_000;

export interface CelProgram {
  readonly source: string;
  readonly resultType: CelType;
  /** Whether the expression names this variable. */
  uses(variable: string): boolean;
  /**
   * @param variables by name; a function is called when the expression first needs the value (lazy `variables.x`, authorizer).
   * @param budget shared by the expressions of one request. Default: one of its own.
   * @throws CelEvaluationError; with `costExceeded` when the expression or the budget ran out.
   */
  evaluate(variables: Readonly<Record<string, unknown>>, budget?: CelBudget): unknown;
}

export class CelEvaluationError extends Error {
  readonly costExceeded: boolean;

  constructor(message: string, options: { costExceeded?: boolean } = {}) {
    super(message);
    this.name = 'CelEvaluationError';
    this.costExceeded = options.costExceeded ?? false;
  }
}

/** The expression cannot be compiled. The message is as cel-go words it: `ERROR: <input>:1:6: undeclared reference ...`. */
export class CelCompileError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'CelCompileError';
  }
}
