/** One call of one webhook. */
import type { Clock } from '../../../machinery/clock.ts';
import { addAuditAnnotation, addWarning } from '../admission.ts';
import type { AdmissionAttributes } from '../admission.ts';
import { admissionRequest, type Convert } from '../match/admission-request.ts';
import type { WebhookClient } from './webhook-client.ts';
import { webhookTarget } from './webhook-client.ts';
import { newDenied, newDryRunUnsupported, WebhookCallError } from './webhook-errors.ts';
import type { Invocation } from './webhook-invocations.ts';
import { isReviewVersion, readWebhookResponse, type WebhookResponse } from './webhook-response.ts';

export interface WebhookParts {
  client: Pick<WebhookClient, 'post'>;
  clock: Pick<Clock, 'monotonic'>;
  convert: Convert;
  newUid: () => string;
}

const defaultTimeoutSeconds = 10;

/**
 * @returns what the webhook wants changed.
 * @throws WebhookCallError when it could not be asked; StatusError when it says no.
 */
export async function callWebhook(parts: WebhookParts, { webhook, shownAs }: Invocation, attributes: AdmissionAttributes, mutating: boolean): Promise<readonly unknown[]> {
  const { name } = webhook;
  if (attributes.dryRun && webhook.sideEffects !== 'None' && webhook.sideEffects !== 'NoneOnDryRun') throw newDryRunUnsupported(name);
  const uid = parts.newUid();
  const request = await admissionRequest({ uid, attributes, shownAs, convert: parts.convert });
  const version = webhook.admissionReviewVersions.find(isReviewVersion) ?? 'v1';
  const body = JSON.stringify({ kind: 'AdmissionReview', apiVersion: `admission.k8s.io/${version}`, request });
  let answer: string;
  try {
    answer = await parts.client.post(webhookTarget(webhook.clientConfig), body, (webhook.timeoutSeconds ?? defaultTimeoutSeconds) * 1000);
  } catch (error) {
    throw new WebhookCallError(name, `failed to call webhook: ${(error as Error).message}`, { cause: error });
  }
  let response: WebhookResponse;
  try {
    response = readWebhookResponse(answer, { uid, mutating, version });
  } catch (error) {
    throw new WebhookCallError(name, `received invalid webhook response: ${(error as Error).message}`, { cause: error });
  }
  for (const [key, value] of Object.entries(response.auditAnnotations)) addAuditAnnotation(attributes, `${name}/${key}`, value);
  for (const warning of response.warnings) addWarning(attributes, warning);
  if (!response.allowed) throw newDenied(name, response.status);
  return response.patch;
}
