/** Bearer tokens: each kind of token has an authenticator that knows its own and leaves the others alone. */
import { newUnauthorized, StatusError } from '../../api/errors.ts';
import type { UserInfo } from '../registry/registry.ts';
import { authenticatedGroup, type Authenticator } from './authenticator.ts';

export interface TokenAuthentication {
  user: UserInfo;
  /** Those asked for that the token is meant for. */
  audiences: string[];
}

type Answer = TokenAuthentication | undefined;

export interface TokenAuthenticator {
  /**
   * @param audiences empty: the API server's own.
   * @returns undefined for tokens of other kinds.
   * @throws StatusError Unauthorized (or rejects with it); its cause says why, for TokenReview.
   */
  authenticateToken(token: string, audiences: readonly string[]): Answer | Promise<Answer>;
}

export function newInvalidToken(why: string): StatusError {
  return new StatusError(newUnauthorized().status, { cause: new Error(why) });
}

/** The first that knows the token. */
export function uniteTokenAuthenticators(authenticators: readonly TokenAuthenticator[]): TokenAuthenticator {
  const from = (index: number, token: string, audiences: readonly string[]): Answer | Promise<Answer> => {
    for (let at = index; at < authenticators.length; at++) {
      const answer = authenticators[at]!.authenticateToken(token, audiences);
      if (answer instanceof Promise) return answer.then((known) => known ?? from(at + 1, token, audiences));
      if (answer) return answer;
    }
    return undefined;
  };
  return { authenticateToken: (token, audiences) => from(0, token, audiences) };
}

/** `Authorization: Bearer`. A token that nobody knows is refused: it must not pass for no credentials at all. */
export function createBearerAuthenticator(tokens: TokenAuthenticator): Authenticator {
  const accept = (answer: Answer): UserInfo => {
    if (!answer) throw newUnauthorized();
    const { user } = answer;
    return user.groups.includes(authenticatedGroup) ? user : { ...user, groups: [...user.groups, authenticatedGroup] };
  };
  return {
    authenticate({ headers }) {
      const token = bearerToken(headers.authorization) ?? webSocketToken(headers['sec-websocket-protocol']);
      if (token === undefined) return undefined;
      const answer = tokens.authenticateToken(token, []);
      return answer instanceof Promise ? answer.then(accept) : accept(answer);
    },
  };
}

function bearerToken(header: string | undefined): string | undefined {
  const match = header === undefined ? null : /^bearer +(\S+)\s*$/i.exec(header);
  return match?.[1];
}

const webSocketPrefix = 'base64url.bearer.authorization.k8s.io.';

/** Browsers cannot set headers of WebSockets; they offer the token as a protocol. */
function webSocketToken(header: string | undefined): string | undefined {
  const offered = header?.split(',').map((name) => name.trim()).find((name) => name.startsWith(webSocketPrefix));
  return offered === undefined ? undefined : Buffer.from(offered.slice(webSocketPrefix.length), 'base64url').toString();
}

/** @param header of the offered subprotocols. @returns those that are no token: a token is sent neither back nor on. */
export function withoutToken(header: string): string[] {
  return header.split(',').map((name) => name.trim()).filter((name) => name !== '' && !name.startsWith(webSocketPrefix));
}
