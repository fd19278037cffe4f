/** matchConditions: expressions that say whether a webhook is asked at all. */
import type { AdmissionAttributes } from '../admission.ts';
import { newAdmissionForbidden } from '../admission.ts';
import type { Invocation } from './webhook-invocations.ts';

export interface MatchCondition {
  name: string;
  expression: string;
}

export interface ConditionOutcome {
  /** false: one of the expressions is. */
  met: boolean;
  /** Of expressions that could not be evaluated, while none was false. */
  errors: readonly string[];
}

/** Evaluates expressions over a request. Compiles each list once. */
export interface MatchConditions {
  evaluate(conditions: readonly MatchCondition[], invocation: Pick<Invocation, 'shownAs'>, attributes: AdmissionAttributes): Promise<ConditionOutcome>;
}

/** @throws StatusError Forbidden when an expression fails and the webhook's failurePolicy is Fail. */
export async function meetsConditions({ conditions }: { conditions: MatchConditions }, invocation: Invocation, attributes: AdmissionAttributes): Promise<boolean> {
  const { matchConditions, failurePolicy, name } = invocation.webhook as { matchConditions?: readonly MatchCondition[]; failurePolicy?: string; name: string };
  if (!matchConditions?.length) return true;
  const { met, errors } = await conditions.evaluate(matchConditions, invocation, attributes);
  if (!met) return false;
  if (errors.length === 0) return true;
  if (failurePolicy === 'Ignore') return false;
  throw newAdmissionForbidden(attributes, `webhook ${JSON.stringify(name)} match conditions failed: ${errors.length === 1 ? errors[0] : `[${errors.join(', ')}]`}`);
}
