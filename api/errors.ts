/**
 * The one API error. Thrown anywhere, turned into HTTP only by the API server's error handler.
 * Reasons, codes and messages follow k8s.io/apimachinery/pkg/api/errors.
 */
import type { Status, StatusCause } from './meta.ts';

export type StatusReason =
  | 'BadRequest' | 'Unauthorized' | 'Forbidden' | 'NotFound' | 'AlreadyExists' | 'Conflict' | 'Gone' | 'Invalid' | 'Expired'
  | 'MethodNotAllowed' | 'NotAcceptable' | 'UnsupportedMediaType' | 'RequestEntityTooLarge' | 'TooManyRequests'
  | 'InternalError' | 'ServiceUnavailable' | 'Timeout' | 'ServerTimeout';

/** An error that is a metav1.Status. `cause` keeps what led to it, for the log only. */
export class StatusError extends Error {
  readonly status: Status;

  constructor(status: Status, options?: { cause?: unknown }) {
    super(status.message ?? status.reason ?? 'unknown error', options);
    this.name = 'StatusError';
    this.status = status;
  }

  get reason(): StatusReason | undefined {
    return this.status.reason as StatusReason | undefined;
  }

  get code(): number {
    return this.status.code ?? 500;
  }
}

/** What an error is about: plural resource name and API group ('' for core), as Status.details and messages show them. */
export interface GroupResource {
  group: string;
  plural: string;
}

function qualified(resource: GroupResource): string {
  return resource.group ? `${resource.plural}.${resource.group}` : resource.plural;
}

function failure(code: number, reason: StatusReason, message: string, details?: Status['details']): StatusError {
  return new StatusError({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason, ...(details ? { details } : {}), code });
}

function detailsOf(resource: GroupResource, name: string): NonNullable<Status['details']> {
  return { ...(name ? { name } : {}), ...(resource.group ? { group: resource.group } : {}), kind: resource.plural };
}

export function newNotFound(resource: GroupResource, name: string): StatusError {
  return failure(404, 'NotFound', `${qualified(resource)} "${name}" not found`, detailsOf(resource, name));
}

export function newAlreadyExists(resource: GroupResource, name: string): StatusError {
  return failure(409, 'AlreadyExists', `${qualified(resource)} "${name}" already exists`, detailsOf(resource, name));
}

export function newConflict(resource: GroupResource, name: string, why: string): StatusError {
  return failure(409, 'Conflict', `Operation cannot be fulfilled on ${qualified(resource)} "${name}": ${why}`, detailsOf(resource, name));
}

/** The message every client knows: the object was written between its read and its write. */
export function newModifiedConflict(resource: GroupResource, name: string): StatusError {
  return newConflict(resource, name, 'the object has been modified; please apply your changes to the latest version and try again');
}

/** One failed rule, with the JSON path of the field. `reason` is a metav1.CauseType (FieldValueInvalid, FieldValueRequired ...). */
export interface FieldError {
  reason: 'FieldValueInvalid' | 'FieldValueRequired' | 'FieldValueNotSupported' | 'FieldValueDuplicate' | 'FieldValueForbidden'
    | 'FieldValueTooLong' | 'FieldValueTooMany' | 'FieldValueNotFound' | 'FieldValueTypeInvalid';
  field: string;
  /** Text after the path, for example `Invalid value: "x": must be ...`. */
  message: string;
}

/** 422. `kind` is the Kind as clients write it ("Pod"). */
export function newInvalid(kind: { group: string; kind: string }, name: string, errors: readonly FieldError[]): StatusError {
  const causes: StatusCause[] = errors.map((error) => ({ reason: error.reason, message: error.message, field: error.field }));
  // What two rules say is a cause twice, but said once.
  const lines = [...new Set(errors.map((error) => `${error.field}: ${error.message}`))];
  const text = lines.length === 1 ? lines[0] : `[${lines.join(', ')}]`;
  const qualifiedKind = kind.group ? `${kind.kind}.${kind.group}` : kind.kind;
  return failure(422, 'Invalid', `${qualifiedKind} "${name}" is invalid: ${text}`, {
    ...(name ? { name } : {}), ...(kind.group ? { group: kind.group } : {}), kind: kind.kind, causes,
  });
}

export function newForbidden(resource: GroupResource, name: string, why: string): StatusError {
  const subject = name ? `${qualified(resource)} "${name}"` : qualified(resource);
  return failure(403, 'Forbidden', `${subject} is forbidden: ${why}`, detailsOf(resource, name));
}

export function newBadRequest(message: string): StatusError {
  return failure(400, 'BadRequest', message);
}

export function newUnauthorized(message = 'Unauthorized'): StatusError {
  return failure(401, 'Unauthorized', message);
}

/** 410 with reason Expired: a watch or continue token from before the history that is kept. */
export function newExpired(message: string): StatusError {
  return failure(410, 'Expired', message);
}

export function newMethodNotAllowed(resource: GroupResource, verb: string): StatusError {
  return failure(405, 'MethodNotAllowed', `${verb} is not supported on resources of kind "${qualified(resource)}"`, { kind: resource.plural, ...(resource.group ? { group: resource.group } : {}) });
}

export function newNotAcceptable(message: string): StatusError {
  return failure(406, 'NotAcceptable', message);
}

export function newUnsupportedMediaType(message: string): StatusError {
  return failure(415, 'UnsupportedMediaType', message);
}

export function newRequestEntityTooLarge(message: string): StatusError {
  return failure(413, 'RequestEntityTooLarge', message);
}

export function newTooManyRequests(message: string, retryAfterSeconds: number): StatusError {
  return failure(429, 'TooManyRequests', message, { retryAfterSeconds });
}

export function newInternalError(message: string, cause?: unknown): StatusError {
  const error = failure(500, 'InternalError', `Internal error occurred: ${message}`, { causes: [{ message }] });
  return new StatusError(error.status, { cause });
}

export function newServiceUnavailable(message: string): StatusError {
  return failure(503, 'ServiceUnavailable', message);
}

export function newTimeout(message: string, retryAfterSeconds = 0): StatusError {
  return failure(504, 'Timeout', `Timeout: ${message}`, { retryAfterSeconds });
}

function hasReason(error: unknown, reason: StatusReason): boolean {
  return error instanceof StatusError && error.reason === reason;
}

export function isNotFound(error: unknown): boolean { return hasReason(error, 'NotFound'); }
export function isAlreadyExists(error: unknown): boolean { return hasReason(error, 'AlreadyExists'); }
export function isConflict(error: unknown): boolean { return hasReason(error, 'Conflict'); }
export function isExpired(error: unknown): boolean { return hasReason(error, 'Expired') || hasReason(error, 'Gone'); }
export function isInvalid(error: unknown): boolean { return hasReason(error, 'Invalid'); }
export function isForbidden(error: unknown): boolean { return hasReason(error, 'Forbidden'); }

/** Nothing new is taken into a namespace that is on its way out; what is in it goes with it. */
export function isNamespaceTerminating(error: unknown): boolean {
  return isForbidden(error) && ((error as StatusError).status.details?.causes ?? []).some(({ reason }) => reason === 'NamespaceTerminating');
}
