/** Webhooks that may refuse a request, all asked at once. Follows k8s.io/apiserver/pkg/admission/plugin/webhook/validating. */
import type { ValidatingWebhook } from '../../../api/admissionregistration.ts';
import { validatingWebhookConfigurations, type Resource } from '../../../api/resources.ts';
import type { Logger } from '../../../machinery/logger.ts';
import { addAuditAnnotation } from '../admission.ts';
import type { AdmissionAttributes, AdmissionPlugin } from '../admission.ts';
import type { AdmissionStore } from '../admission-store.ts';
import { callWebhook, type WebhookParts } from './call-webhook.ts';
import { meetsConditions, type MatchConditions } from './webhook-conditions.ts';
import { WebhookCallError } from './webhook-errors.ts';
import { findInvocations, type Invocation } from './webhook-invocations.ts';

export interface WebhookAdmissionOptions extends WebhookParts {
  store: AdmissionStore;
  logger: Logger;
  equivalents: (resource: Resource) => readonly Resource[];
  conditions: MatchConditions;
}

export function createValidatingWebhooks(options: WebhookAdmissionOptions): AdmissionPlugin {
  return {
    name: 'ValidatingAdmissionWebhook',
    review(attributes) {
      const configurations = options.store.list(validatingWebhookConfigurations);
      if (configurations.length === 0) return;
      const invocations = findInvocations<ValidatingWebhook>(configurations, attributes, options.store, options.equivalents);
      if (invocations.length === 0) return;
      return askAll(options, invocations, attributes);
    },
  };
}

async function askAll(options: WebhookAdmissionOptions, invocations: readonly Invocation[], attributes: AdmissionAttributes): Promise<void> {
  const outcomes = await Promise.allSettled(invocations.map((invocation, index) => ask(options, { invocation, index, attributes })));
  for (const outcome of outcomes) {
    if (outcome.status === 'rejected') throw outcome.reason;
  }
}

async function ask(options: WebhookAdmissionOptions, { invocation, index, attributes }: { invocation: Invocation; index: number; attributes: AdmissionAttributes }): Promise<void> {
  if (!await meetsConditions(options, invocation, attributes)) return;
  try {
    await callWebhook(options, invocation, attributes, false);
  } catch (error) {
    if (!(error instanceof WebhookCallError)) throw error;
    const { name, failurePolicy } = invocation.webhook;
    if (failurePolicy !== 'Ignore') throw error.toStatusError();
    options.logger.warn('Failed calling webhook, failing open', { webhook: name, error: error.message });
    addAuditAnnotation(attributes, `failed-open.validating.webhook.admission.k8s.io/round_0_index_${index}`, name);
  }
}
