/**
 * Shows in the status of every ValidatingAdmissionPolicy what its expressions do wrong with the kinds that it is about. Follows
 * k8s.io/kubernetes/pkg/controller/validatingadmissionpolicystatus.
 */
import type { ValidatingAdmissionPolicy } from '../../../api/admissionregistration.ts';
import { isNotFound } from '../../../api/errors.ts';
import { validatingAdmissionPolicies } from '../../../api/resources.ts';
import { Controller } from '../../../machinery/controller.ts';
import type { Informer } from '../../../machinery/informer.ts';
import { loadExpressionCompiler } from '../../admission/policy/compile-expression.ts';
import type { ControllerContext, RunnableController } from '../controller-context.ts';

export class PolicyTypeCheckingController implements RunnableController {
  private readonly context: ControllerContext;
  private readonly policies: Informer<ValidatingAdmissionPolicy>;
  private readonly controller: Controller;

  constructor(context: ControllerContext) {
    const { informers, clock, logger, random } = context;
    this.context = context;
    this.policies = informers.of(validatingAdmissionPolicies);
    this.controller = new Controller({ name: 'policy-type-checking', workers: 1, reconcile: (name) => this.reconcile(name), clock, logger, random });
    const enqueue = (policy: ValidatingAdmissionPolicy): void => this.controller.enqueue(policy.metadata?.name ?? '');
    this.policies.addHandler({ added: enqueue, updated: (_previous, policy) => enqueue(policy), deleted: () => {} });
  }

  start(signal: AbortSignal): void {
    this.controller.start(signal);
  }

  stop(): Promise<void> {
    return this.controller.stop();
  }

  private async reconcile(name: string): Promise<void> {
    const policy = this.policies.get(name);
    const observedGeneration = policy?.metadata?.generation;
    if (!policy || (policy.status?.typeChecking && policy.status.observedGeneration === observedGeneration)) return;
    // Schemas and CEL are not loaded where there are no policies.
    const { checkPolicyTypes } = await import('../../admission/policy/check-types.ts');
    const expressionWarnings = checkPolicyTypes(policy, this.context.catalog, await loadExpressionCompiler());
    const typeChecking = expressionWarnings.length > 0 ? { expressionWarnings } : {};
    try {
      await this.context.client.resource(validatingAdmissionPolicies).modify(name, undefined, (copy) => (
        copy.metadata?.generation === observedGeneration ? { ...copy, status: { ...copy.status, ...(observedGeneration === undefined ? {} : { observedGeneration }), typeChecking } } : undefined
      ), 'status');
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
}
