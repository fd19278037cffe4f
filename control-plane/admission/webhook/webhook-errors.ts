/** What goes wrong with webhooks, in the words of k8s.io/apiserver/pkg/admission/plugin/webhook/errors. */
import { newBadRequest, newInternalError, StatusError } from '../../../api/errors.ts';
import type { Status } from '../../../api/meta.ts';

/** The webhook could not be asked, or its answer means nothing: failurePolicy decides. */
export class WebhookCallError extends Error {
  constructor(webhook: string, reason: string, options?: { cause?: unknown }) {
    super(`failed calling webhook ${JSON.stringify(webhook)}: ${reason}`, options);
    this.name = 'WebhookCallError';
  }

  toStatusError(): StatusError {
    return newInternalError(this.message, this);
  }
}

/** The webhook said no. */
export function newDenied(webhook: string, result: Status | undefined): StatusError {
  const denied = `admission webhook ${JSON.stringify(webhook)} denied the request`;
  const { message, reason, code = 0 } = result ?? {};
  return new StatusError({
    ...result, kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', code: code < 400 ? 400 : code,
    message: message ? `${denied}: ${message}` : reason ? `${denied}: ${reason}` : `${denied} without explanation`,
  });
}

export function newDryRunUnsupported(webhook: string): StatusError {
  return newBadRequest(`admission webhook ${JSON.stringify(webhook)} does not support dry run`);
}
