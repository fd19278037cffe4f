/** Who sends a request. Counterpart of k8s.io/apiserver/pkg/authentication. */
import type { IncomingMessage } from 'node:http';
import type { UserInfo } from '../registry/registry.ts';

export type Authentication = UserInfo | undefined;

export interface Authenticator {
  /**
   * Answers at once where nothing must be waited for: certificates of known connections are on every request's way.
   * @returns undefined when the request carries no credentials of this kind.
   * @throws StatusError Unauthorized (or rejects with it) when it carries some that do not hold.
   */
  authenticate(request: IncomingMessage): Authentication | Promise<Authentication>;
}

export const authenticatedGroup = 'system:authenticated';
export const unauthenticatedGroup = 'system:unauthenticated';

export const anonymous: UserInfo = { name: 'system:anonymous', groups: [unauthenticatedGroup] };

/**
 * The first that knows the user. What one refuses another may accept (a stale certificate beside a good token); when nobody
 * accepts, the first refusal stands.
 */
export function uniteAuthenticators(authenticators: readonly Authenticator[]): Authenticator {
  const from = (index: number, request: IncomingMessage, refusal: unknown): Authentication | Promise<Authentication> => {
    let refused = refusal;
    for (let at = index; at < authenticators.length; at++) {
      try {
        const answer = authenticators[at]!.authenticate(request);
        if (answer instanceof Promise) return continueLater(answer, at, request, refused);
        if (answer) return answer;
      } catch (error) {
        refused ??= error;
      }
    }
    // eslint-disable-next-line @typescript-eslint/only-throw-error -- what was caught is thrown on unchanged
    if (refused !== undefined) throw refused;
    return undefined;
  };
  const continueLater = async (pending: Promise<Authentication>, at: number, request: IncomingMessage, refusal: unknown): Promise<Authentication> => {
    let refused = refusal;
    try {
      const answer = await pending;
      if (answer) return answer;
    } catch (error) {
      refused ??= error;
    }
    return from(at + 1, request, refused);
  };
  return { authenticate: (request) => from(0, request, undefined) };
}
