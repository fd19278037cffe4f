/** `?resourceVersion=` and what Kubernetes answers when it cannot be served. */
import { newBadRequest, newExpired, newTimeout, StatusError } from '../../api/errors.ts';
import type { Revision } from '../storage/storage.ts';

/** @throws StatusError BadRequest when the text is no version. */
export function parseResourceVersion(text: string): Revision {
  if (text === '') return 0;
  const revision = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(revision)) {
    throw newBadRequest(`resourceVersion: Invalid value: ${JSON.stringify(text)}: strconv.ParseUint: parsing ${JSON.stringify(text)}: invalid syntax`);
  }
  return revision;
}

/** 504: the client has seen a future that this server has not. */
export function newTooLarge(requested: Revision, current: Revision): StatusError {
  const { status } = newTimeout(`Too large resource version: ${requested}, current: ${current}`, 1);
  return new StatusError({
    ...status,
    details: { ...status.details, causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }] },
  });
}

/** 410 for a continue token of an expired snapshot, with a token that goes on without the snapshot. */
export function newExpiredContinue(inconsistentToken: string): StatusError {
  const { status } = newExpired('The provided continue parameter is too old to display a consistent list result. You can start a new list without '
    + 'the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided '
    + 'token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned '
    + 'and now may show up in the list.');
  return new StatusError({ ...status, metadata: { continue: inconsistentToken } });
}
