/** Any error → the metav1.Status a client gets. What is no StatusError keeps its message for the log. */
import { newBadRequest, newInternalError, newMethodNotAllowed, newRequestEntityTooLarge, newUnsupportedMediaType, StatusError } from '../../api/errors.ts';

/** Bytes of a request body, as in Kubernetes. */
export const maxBodyBytes = 3 * 1024 * 1024;

export { newMethodNotAllowed };

/** An unknown path under /api or /apis. */
export function newUnknownResource(): StatusError {
  return new StatusError({
    kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', reason: 'NotFound', code: 404, details: {},
    message: 'the server could not find the requested resource',
  });
}

/** A method that a path under /api or /apis does not have. */
export function newMethodUnknown(): StatusError {
  return new StatusError({
    kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', reason: 'MethodNotAllowed', code: 405, details: {},
    message: 'the server does not allow this method on the requested resource',
  });
}

export function toStatusError(error: unknown): StatusError {
  if (error instanceof StatusError) return error;
  const { code, statusCode, message } = error as { code?: string; statusCode?: number; message?: string };
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') return newRequestEntityTooLarge(`Request entity too large: limit is ${maxBodyBytes}`);
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE') return newUnsupportedMediaType('the body of the request was in an unknown format - accepted media types include: application/json, application/yaml, application/vnd.kubernetes.protobuf');
  if (error instanceof URIError || (statusCode !== undefined && statusCode >= 400 && statusCode < 500)) return newBadRequest(message ?? 'bad request');
  const internal = newInternalError('an unexpected error, see the log of the API server');
  return new StatusError(internal.status, { cause: error });
}
