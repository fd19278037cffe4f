/** The `continue` token of a paged list: base64url JSON of the snapshot's revision and the last key that was given out. */
import { newBadRequest } from '../../api/errors.ts';
import type { Revision } from '../storage/storage.ts';

export interface ContinueToken {
  /** The snapshot all pages show; -1: whatever is current (after the snapshot expired). */
  revision: Revision;
  /** The next page begins after this key. */
  after: string;
}

const tokenVersion = 'meta.k8s.io/v1';

export function encodeContinueToken(token: ContinueToken, prefix: string): string {
  const json = JSON.stringify({ v: tokenVersion, rv: token.revision, start: token.after.slice(prefix.length) });
  return Buffer.from(json).toString('base64url');
}

/**
 * @param prefix of the list that is continued: a token never leads out of it.
 * @throws StatusError BadRequest.
 */
export function decodeContinueToken(text: string, prefix: string): ContinueToken {
  const fail = (why: string) => newBadRequest(`invalid continue token: continue key is not valid: ${why}`);
  const plain = /^[A-Za-z0-9_-]*/.exec(text)?.[0].length ?? 0;
  // A last group of one character cannot be.
  if (plain < text.length || text.length % 4 === 1) throw fail(`illegal base64 data at input byte ${Math.min(plain, text.length - 1)}`);
  let parsed: unknown;
  try {
    parsed = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
  } catch (error) {
    throw fail(error instanceof Error ? error.message : 'no token');
  }
  if (typeof parsed !== 'object' || parsed === null) throw fail('no token');
  const { v, rv, start } = parsed as Record<string, unknown>;
  if (v !== tokenVersion) throw fail(`server does not recognize this encoded version ${typeof v === 'string' ? v : ''}`);
  if (typeof rv !== 'number' || !Number.isSafeInteger(rv) || rv === 0 || rv < -1) throw fail('incorrect encoded start resourceVersion (version meta.k8s.io/v1)');
  if (typeof start !== 'string' || start === '') throw fail('encoded start key empty (version meta.k8s.io/v1)');
  return { revision: rv, after: prefix + start };
}
