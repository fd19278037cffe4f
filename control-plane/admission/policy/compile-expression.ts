/** CEL expressions over an admission request. Nothing of CEL is loaded before the first expression is. */
import type { CelProgram } from '../../cel/program.ts';
import type { CelType } from '../../cel/types.ts';

export interface ExpressionEnvironment {
  /** What the expression may name. */
  variables: Readonly<Record<string, CelType>>;
  /** What it must give. Default: anything. */
  result?: readonly CelType[];
  /** Whether it may make objects: `Object{...}`, `JSONPatch{...}`. */
  objects?: boolean;
}

/** @throws CelCompileError */
export type CompileExpression = (source: string, environment: ExpressionEnvironment) => CelProgram;

export async function loadExpressionCompiler(): Promise<CompileExpression> {
  const [{ compileCel }] = await Promise.all([import('../../cel/compile.ts'), import('./authorizer-library.ts')]);
  return compileCel;
}
